"""No circle of files: neither in C, by what is included and what is called, nor in Python, by what is imported."""

from __future__ import annotations

import graphlib
import re
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

import grimp
import pytest

from firmware_bridge.base.errors import EnvironmentLacking
from firmware_bridge.base.toolchain import find_compiler
from firmware_bridge.microfrontend.build import CORE as FRONTEND
from firmware_bridge.ports.sources import CORE, KEPT

FOLDERS = (CORE, FRONTEND, KEPT)
ROOMS = ("firmware_bridge", "train", "quantize", "edgetpu_models", "hil", "tools")
# The one exception: settings of a front-end answer for their own tables (`FrontendSpec.table_hash`), at call time.
SPEC = "firmware_bridge.microfrontend.spec"
KNOWN = {(SPEC, "firmware_bridge.microfrontend.mel"), (SPEC, "firmware_bridge.microfrontend.tables")}
_INCLUDE = re.compile(r'^\s*#include "([\w.]+)"', re.MULTILINE)


def circle(edges: Mapping[str, Iterable[str]]) -> list[str]:
    """Return the files of a circle, empty where there is none."""
    try:
        graphlib.TopologicalSorter(edges).prepare()
    except graphlib.CycleError as error:
        return list(error.args[1])
    return []


def included(folders: Iterable[Path]) -> dict[str, set[str]]:
    """Return what each unit (a .c and its .h are one) includes of the others."""
    files = [file for folder in folders for file in folder.glob("*.[ch]")]
    units = {file.stem for file in files}
    edges: dict[str, set[str]] = {unit: set() for unit in units}
    for file in files:
        wanted = {Path(name).stem for name in _INCLUDE.findall(file.read_text())}
        edges[file.stem] |= (wanted & units) - {file.stem}
    return edges


def called(folder: Path) -> dict[str, set[str]]:
    """Return what each C file calls of the others, by the symbols of its object."""
    from elftools.elf.elffile import ELFFile

    try:
        compiler = find_compiler()
    except EnvironmentLacking as error:
        pytest.skip(error.what)
    if compiler.is_zig:
        pytest.skip("zig writes objects of another kind on some machines")
    flags = [f"-I{one}" for one in FOLDERS] + ["-DUT_MAX_WINDOW=512", "-DUT_MAX_CHANNELS=64", "-O0", "-c"]
    defines: dict[str, str] = {}
    wants: dict[str, set[str]] = {}
    for source in [file for one in FOLDERS for file in sorted(one.glob("*.c"))]:
        made = folder / f"{source.stem}.o"
        subprocess.run([*compiler.command, *flags, str(source), "-o", str(made)], check=True)
        with made.open("rb") as stream:
            symbols = list(ELFFile(stream).get_section_by_name(".symtab").iter_symbols())
        for symbol in symbols:
            if symbol["st_info"]["bind"] == "STB_GLOBAL" and symbol["st_shndx"] != "SHN_UNDEF":
                defines[symbol.name] = source.stem
        wants[source.stem] = {one.name for one in symbols if one["st_shndx"] == "SHN_UNDEF" and one.name}
    return {
        unit: {defines[name] for name in names if name in defines} - {unit} for unit, names in wants.items()
    }


def test_c_files_include_each_other_one_way() -> None:
    edges = included(FOLDERS)
    assert len(edges) > 35 and "state" in edges["device"]
    assert circle(edges) == []


def test_c_files_call_each_other_one_way(tmp_path: Path) -> None:
    edges = called(tmp_path)
    assert "server" in edges["device"] and "on_segment" in edges["protocol_dispatch"]
    assert circle(edges) == []


def test_only_what_answers_requests_sees_the_whole_device() -> None:
    """The rest takes what it works with: a port, a build, an image."""
    seeing = {
        file.stem for file in CORE.glob("*.c") if re.search(r'"(state|handlers|device)\.h"', file.read_text())
    }
    assert seeing == {"device", "server", "use", "on_session", "on_segment", "on_listen", "on_update"}


def test_a_circle_is_found(tmp_path: Path) -> None:
    for name, other in (("a", "b"), ("b", "c"), ("c", "a")):
        (tmp_path / f"{name}.h").write_text(f'#include "{other}.h"\n')
    assert set(circle(included([tmp_path]))) == {"a", "b", "c"}
    (tmp_path / "c.h").write_text("")
    assert circle(included([tmp_path])) == []


def test_python_modules_import_each_other_one_way() -> None:
    graph = grimp.build_graph(*ROOMS, cache_dir=None)
    edges = {module: set(graph.find_modules_directly_imported_by(module)) for module in graph.modules}
    assert all(to in edges[from_] for from_, to in KNOWN), "take it off the list"
    without = {module: {to for to in ones if (module, to) not in KNOWN} for module, ones in edges.items()}
    assert circle(without) == []
