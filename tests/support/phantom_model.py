"""The stand-in's weights under a header that says what the demo model's does."""

from pathlib import Path

from gguf import GGUFReader, GGUFValueType, GGUFWriter

from resources import path as resource

NAME = "Phantom demo model"
DESCRIPTION = "Phantom demo model: knows drawn patients only, nothing of real ones"

_REPLACED = {
    "general.architecture",
    "general.name",
    "general.description",
    "second_read.stand_in",
}


def write_phantom_model(folder: Path) -> tuple[Path, Path]:
    """Write demo.gguf, which says ``second_read.phantom_only``, and its projector."""
    folder.mkdir(parents=True, exist_ok=True)
    model, projector = folder / "demo.gguf", folder / "demo-mmproj.gguf"
    _copy(resource("tiny_model/tiny.gguf"), model, is_phantom_only=True)
    _copy(resource("tiny_model/tiny-mmproj.gguf"), projector)
    return model, projector


def _copy(source: Path, target: Path, *, is_phantom_only: bool = False) -> None:
    reader = GGUFReader(source)
    writer = GGUFWriter(target, reader.fields["general.architecture"].contents())
    writer.add_name(NAME)
    writer.add_description(DESCRIPTION)
    if is_phantom_only:
        writer.add_bool("second_read.phantom_only", True)
    for field in reader.fields.values():
        if field.name in _REPLACED or field.name.startswith("GGUF."):
            continue
        kind, *inner = field.types
        writer.add_key_value(
            field.name, field.contents(), kind,
            sub_type=inner[-1] if kind is GGUFValueType.ARRAY else None,
        )  # fmt: skip
    for tensor in reader.tensors:
        writer.add_tensor(tensor.name, tensor.data, raw_dtype=tensor.tensor_type)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
