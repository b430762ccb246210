import numpy as np
import pytest

from firmware_export._toolchain import compile_c, run_command, run_rows
from skdualcnn._compiler import find_compiler
from skdualcnn.exceptions import ToolchainError


def test_cc_of_the_environment_comes_first(monkeypatch):
    monkeypatch.setenv("CC", "sh -x")
    assert find_compiler() == ["sh", "-x"]
    monkeypatch.setenv("CC", "no-such-compiler")
    assert find_compiler() is None


def test_cc_that_no_shell_can_read(monkeypatch):
    monkeypatch.setenv("CC", 'gcc "-O2')
    with pytest.raises(ToolchainError, match=r"CC is 'gcc \"-O2', .*No closing quotation"):
        find_compiler()


def test_compiler_says_what_it_does_not_like(compiler, tmp_path):
    source = tmp_path / "bad.c"
    source.write_text("int main(void) { int unused; return 0; }\n")
    with pytest.raises(
        ToolchainError, match=r"(?s)Could not compile the firmware for host: .*unused variable"
    ):
        compile_c([source], tmp_path / "bad", include=tmp_path)


def test_command_that_is_not_there():
    with pytest.raises(ToolchainError, match="Could not measure: no-such-command"):
        run_command(["no-such-command"], "measure")


def test_program_that_answers_too_little(compiler, tmp_path):
    source = tmp_path / "silent.c"
    source.write_text(
        "#include <stdio.h>\n"
        "int main(void)\n"
        '{ FILE *file = fopen("answers.bin", "wb");\n'
        '  return fwrite("1234", 4u, 1u, file) != 1u || fclose(file) != 0; }\n'
    )
    program = compile_c([source], tmp_path / "silent", include=tmp_path)
    with pytest.raises(ToolchainError, match="answered 1 integers to 3 rows"):
        run_rows(program, np.zeros((3, 2), dtype=np.float32), tmp_path)
