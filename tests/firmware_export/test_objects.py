import pytest

from firmware_export._objects import (
    CODE_PARTS,
    CONSTANT_SECTIONS,
    compile_objects,
    deepest_stack,
    section_bytes,
)

CALL_GRAPHS = (
    'graph: { title: "model.c"\n'
    'node: { title: "run" label: "run\\nmodel.c:1:5\\n64 bytes (static)" }\n'
    'node: { title: "model.c:scale" label: "scale\\nmodel.c:9:5\\n100 bytes (static)" }\n'
    'node: { title: "linear" label: "linear\\nkernels.h:6:6" shape : ellipse }\n'
    'edge: { sourcename: "run" targetname: "model.c:scale" label: "model.c:2:5" }\n'
    'edge: { sourcename: "run" targetname: "linear" label: "model.c:3:5" }\n'
    'edge: { sourcename: "run" targetname: "memset" }\n}\n',
    'graph: { title: "kernels.c"\n'
    'node: { title: "linear" label: "linear\\nkernels.c:1:5\\n48 bytes (static)" }\n'
    'node: { title: "dot" label: "dot\\nkernels.c:9:5\\n80 bytes (static)" }\n'
    'edge: { sourcename: "linear" targetname: "dot" label: "kernels.c:2:5" }\n}\n',
)


def test_deepest_way_down_is_added_up_across_files(tmp_path):
    files = [tmp_path / "model.ci", tmp_path / "kernels.ci"]
    for file, text in zip(files, CALL_GRAPHS, strict=True):
        file.write_text(text)
    assert deepest_stack(files, "run") == 64 + 48 + 80
    assert deepest_stack(files[:1], "run") == 64 + 100
    assert deepest_stack([*files, tmp_path / "missing.ci"], "run") is None


@pytest.mark.parametrize("level", ["-O2", "-Os"])
def test_tables_take_what_was_computed(report, window_report, tmp_path, emulated, level):
    for one in (report, window_report):
        objects = compile_objects(
            one.directory,
            one.prefix,
            (*CODE_PARTS, "weights"),
            tmp_path,
            flags=(level,),
            target=emulated,
        )
        measured = section_bytes(objects, CONSTANT_SECTIONS, emulated)
        assert measured == pytest.approx(one.flash_bytes["constants"], abs=32)  # alignment
        assert section_bytes(objects, r"\.s?(?:data|bss)\S*", emulated) == 0
        assert deepest_stack([item.with_suffix(".ci") for item in objects[:2]], "ward_run") > 32
