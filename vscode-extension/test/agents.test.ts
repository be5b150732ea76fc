import assert from "node:assert/strict";
import { test } from "node:test";
import { isAgent } from "../src/capture/agents";

for (const command of ["claude -p fix", "/usr/bin/codex", "npx -y opencode@latest run", "KEY=1 aider a.py", "C:\\bin\\Gemini.exe"]) {
  test(`an agent: ${command}`, () => { assert.equal(isAgent("bash", command), true); });
}

for (const command of ["", "git commit -m claude", "python gen.py", "cat codex.md", "npx jest", "./claude.md"]) {
  test(`no agent: ${command}`, () => { assert.equal(isAgent("bash", command), false); });
}

test("a terminal of an agent", () => { assert.equal(isAgent("Claude", "python -m pytest"), true); });
