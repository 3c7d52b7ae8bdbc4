"""What can be asked: a task a file, as data; panel, command line and evaluation read the rows."""

from typing import Final

from assistant.tasks.base import Task, TaskId
from assistant.tasks.compare import CHANGE, COMPARE
from assistant.tasks.describe import DESCRIBE
from assistant.tasks.find import FIND
from assistant.tasks.volume import VOLUME
from assistant.tasks.yesno import YES_NO

TASKS: Final[dict[str, Task]] = {
    task.id: task for task in (DESCRIBE, FIND, COMPARE, CHANGE, YES_NO, VOLUME)
}
"""Every task by its id, in the order of the chips."""

__all__ = ["TASKS", "Task", "TaskId"]
