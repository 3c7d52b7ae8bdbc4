"""Our own arrays onto regular grids: SimpleITK in a process of its own, asked from the window's."""
