"""What the firmware's code takes in a heap with pointers of 32 bits, beside 64: both measured, on this computer.

    npm pack @micropython/micropython-webassembly-pyscript@1.29.0-6 && tar xzf *.tgz
    python -m tests.bench.heap_32bit package

MicroPython's build for WebAssembly has pointers of 32 bits. It runs no machine code, so that the kernels are left empty
for both: theirs lies outside of the heap anyway. Needs Node.js.
"""

from __future__ import annotations

import ast
import subprocess
import sys
import tempfile
from pathlib import Path

from dermis_host.building import compiling, sources, targets
from dermis_hw.twin.module_process import find_micropython

WASM_BITS, UNIX_BITS = 31, 63  # of a small integer, as mpy-cross wants it
COUNT = "import gc\ngc.collect(); gc.collect(); before = gc.mem_alloc()\nimport dermis.main\n"
TOLD = "gc.collect(); gc.collect(); print(gc.mem_alloc() - before)\n"
# Collection is put off there until the outermost call has returned.
NODE = """
import {loadMicroPython} from '%(package)s/micropython.mjs';
import fs from 'fs';
import path from 'path';
const mp = await loadMicroPython({heapsize: 8 << 20, linebuffer: true, stdout: line => console.log(line)});
const copy = (from, to) => {
  mp.FS.mkdir(to);
  for (const entry of fs.readdirSync(from, {withFileTypes: true})) {
    const [here, there] = [path.join(from, entry.name), to + '/' + entry.name];
    if (entry.isDirectory()) copy(here, there); else mp.FS.writeFile(there, fs.readFileSync(here));
  }
};
copy('%(files)s', '/image');
mp.runPython("import sys; sys.path[:] = ['/image', '.frozen']");
mp.runPython(`%(count)s`);
mp.runPython('gc.collect()');
mp.runPython(`%(told)s`);
"""


class _Empty(ast.NodeTransformer):
    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        if any(ast.unparse(decorator).startswith("micropython.") for decorator in node.decorator_list):
            node.decorator_list, node.returns, node.body = [], None, [ast.Pass()]
            for argument in node.args.args:
                argument.annotation = None
        return node


def write(folder: Path, bits: int) -> None:
    """The image's modules in that folder, their kernels empty."""
    target = targets.target("twin")
    plain = targets.Target(target.board, target.arch, bits, target.left_out)  # the empty files name no architecture
    files = sources.body(target, {})
    emptied = {place: ast.unparse(_Empty().visit(ast.parse(data))).encode() for place, data in files.items()}
    for place, data in compiling.compiled(emptied, plain).items():
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        (folder / place).write_bytes(data)


def main(words: list[str]) -> int:
    if len(words) != 1 or not Path(words[0], "micropython.mjs").is_file():
        print("name the folder of MicroPython's WebAssembly package: see the top of this file", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as name:
        narrow, wide = Path(name, "32"), Path(name, "64")
        write(narrow, WASM_BITS)
        write(wide, UNIX_BITS)
        script = Path(name, "count.mjs")
        values = {"package": Path(words[0]).resolve(), "files": narrow, "count": COUNT, "told": TOLD}
        script.write_text(NODE % values)
        there = int(_run(["node", str(script)]))
        path = f"import sys\nsys.path[:] = [{str(wide)!r}, '.frozen']\n"
        here = int(_run([str(find_micropython()), "-X", "heapsize=8m", "-c", path + COUNT + TOLD]))
    print(f"import of the firmware: {there} bytes with pointers of 32 bits, {here} with 64: {there / here:.3f} of it")
    return 0


def _run(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
