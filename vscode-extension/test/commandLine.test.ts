// The command line of a task and of tests under the debugger.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { taskCommand, testCommand } from "../src/capture/commandLine";

describe("a task's command line", () => {
  test("of a process is its program and arguments, quoted where needed", () => {
    assert.equal(taskCommand({ process: "make", args: ["-C", "my dir", "it's"] }, "build"), String.raw`make -C 'my dir' 'it'\''s'`);
  });
  test("of a shell is the line as it stands", () => {
    assert.equal(taskCommand({ commandLine: "npm test && echo $?" }, "test"), "npm test && echo $?");
  });
  test("of a shell with arguments keeps a command that is a line by itself", () => {
    assert.equal(taskCommand({ command: { value: "npm" }, args: ["run", { value: "a b" }] }, "x"), "npm run 'a b'");
    assert.equal(taskCommand({ command: "cd sub && make" }, "x"), "cd sub && make");
  });
  test("is the task's name where its definition does not tell", () => {
    assert.equal(taskCommand({}, "watch"), "watch");
  });
});

describe("tests under the debugger", () => {
  test("of Python", () => {
    assert.equal(testCommand({ type: "debugpy", module: "pytest", args: ["-q", "a b.py"] }), "python -m pytest -q 'a b.py'");
    assert.equal(testCommand({ type: "debugpy", module: "unittest" }), "python -m unittest");
    assert.equal(testCommand({ type: "debugpy", program: "t.py", purpose: ["debug-test"] }), "t.py");
  });
  test("of Go", () => {
    assert.equal(testCommand({ type: "go", mode: "test", program: "./pkg" }), "go test ./pkg");
  });
  test("of JavaScript", () => {
    const program = "/w/node_modules/jest/bin/jest.js";
    assert.equal(testCommand({ type: "node", program, args: ["--runInBand"] }), `${program} --runInBand`);
    assert.equal(testCommand({ type: "node", program: "npx", args: ["vitest", "run"] }), "npx vitest run");
  });
  test("are not what any other program is", () => {
    assert.equal(testCommand({ type: "node", program: "server.js" }), undefined);
    assert.equal(testCommand({ type: "debugpy", module: "flask", args: ["run"] }), undefined);
    assert.equal(testCommand({ type: "go", mode: "debug", program: "." }), undefined);
    assert.equal(testCommand({ program: 7, args: "pytest" }), undefined);
  });
});
