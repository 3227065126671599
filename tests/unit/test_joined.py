"""The worker's modules as one script: names stay apart, everything runs once and in order, the unknown is refused."""

from __future__ import annotations

import pytest

from web.build.joined import CannotJoin, join

MODULES = {
    "worker/main.js": """\
import { twice as double, Box } from "./numbers.js";
import { LABEL } from "../made/words.js";
import * as numbers from "./numbers.js";
import lib from "./vendor/lib.mjs";
const name = "main";
globalThis.told = [double(21), new Box(name).name, LABEL, numbers.name, lib(), [...numbers.count(2)]];
""",
    "worker/numbers.js": """\
import { LABEL } from "../made/words.js";
export { LABEL as again } from "../made/words.js";
export const name = "numbers";
const hidden = `a line
of text ${LABEL}`;
export function twice(n) {
  return n * 2;
}
export function* count(to) {
  for (let n = 0; n < to; n++) yield n;
}
export class Box {
  constructor(name) {
    this.name = `${name} in ${hidden}`;
  }
}
""",
    "made/words.js": """\
globalThis.times = (globalThis.times ?? 0) + 1;
const LABEL = "label";
export { LABEL };
""",
    "worker/vendor/lib.mjs": "export default () => 'outside';",
}


def test_joined_script_does_what_the_modules_did(js):
    outside = "data:text/javascript,export default () => 'outside';"
    text = join(MODULES, "worker/main.js").replace("./vendor/lib.mjs", outside)

    run = "import(URL.createObjectURL(new Blob([arg], { type: 'text/javascript' })))"
    told = js(f"{run}.then(() => [told, times])", text)

    assert told == [[42, "main in a line\nof text label", "label", "numbers", "outside", [0, 1]], 1]


def test_modules_that_need_each_other_are_refused_by_name():
    circle = {"a.js": 'import { b } from "./b.js";', "b.js": 'import { a } from "./a.js";'}

    with pytest.raises(CannotJoin, match=r"a\.js needs b\.js needs a\.js"):
        join(circle, "a.js")


NOT_OURS = ["export default 5;", "export let a = 1;", 'import a from "./b.js" with { type: "json" };']


@pytest.mark.parametrize("line", NOT_OURS)
def test_what_is_not_understood_is_refused_with_its_text(line):
    with pytest.raises(CannotJoin, match=r"a\.js: cannot join"):
        join({"a.js": line, "b.js": ""}, "a.js")


def test_name_that_is_not_exported_is_refused():
    with pytest.raises(CannotJoin, match=r"a\.js imports c, which b\.js does not export"):
        join({"a.js": 'import { b, c } from "./b.js";', "b.js": "export const b = 1, c = 2;"}, "a.js")


def test_module_that_is_not_there_is_named():
    with pytest.raises(CannotJoin, match=r"a.js imports b.js, which is not there"):
        join({"a.js": 'import { b } from "./b.js";'}, "a.js")
