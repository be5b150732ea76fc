import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { after, before, describe, it } from "node:test";
import { repoPath, workingFolder } from "../src/capture/paths";
import { expand, locateDaemon, type Where } from "../src/common/locate";

describe("repoPath", () => {
  it("is relative, with slashes, on every system", () => {
    assert.equal(repoPath("/work/shop", "/work/shop/src/cart.py", path.posix), "src/cart.py");
    assert.equal(repoPath("C:\\work\\shop", "c:\\work\\shop\\src\\cart.py", path.win32), "src/cart.py");
  });

  it("is nothing outside the folder or in git's own", () => {
    for (const file of ["/work/shop", "/work/shopping/a.py", "/etc/passwd", "/work/shop/.git/COMMIT_EDITMSG"]) {
      assert.equal(repoPath("/work/shop", file, path.posix), undefined);
    }
    assert.equal(repoPath("C:\\work", "D:\\work\\a.py", path.win32), undefined);
    assert.equal(repoPath("/work/shop", "/work/shop/..data/a.py", path.posix), "..data/a.py");
  });
});

describe("workingFolder", () => {
  it("is relative inside the folder and as it is outside", () => {
    assert.equal(workingFolder("/work/shop", "/work/shop", path.posix), ".");
    assert.equal(workingFolder("/work/shop", "/work/shop/tests/", path.posix), "tests");
    assert.equal(workingFolder("/work/shop", "/tmp", path.posix), "/tmp");
  });
});

describe("locateDaemon", { skip: process.platform === "win32" }, () => {
  let root: string;
  const program = (...parts: string[]): string => {
    const file = path.join(root, ...parts);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, "#!/bin/sh\n", { mode: 0o755 });
    return file;
  };
  const find = (where: Partial<Where>): ReturnType<typeof locateDaemon> =>
    locateDaemon({
      setting: "",
      folder: path.join(root, "shop"),
      trusted: true,
      env: { PATH: `${path.join(root, "nowhere")}:${path.join(root, "bin")}` },
      platform: "linux",
      ...where,
    });
  before(() => {
    root = fs.mkdtempSync(path.join(os.tmpdir(), "locate-"));
    program("bin", "fixtrail");
    program("shop", ".venv", "bin", "fixtrail");
    program("mine", "fixtrail");
  });
  after(() => { fs.rmSync(root, { recursive: true }); });

  it("prefers the setting, then the folder's .venv, then PATH", () => {
    assert.deepEqual(find({ setting: "../mine/fixtrail" }), { command: path.join(root, "mine/fixtrail"), source: "setting" });
    assert.deepEqual(find({}), { command: path.join(root, "shop/.venv/bin/fixtrail"), source: "folder" });
    assert.deepEqual(find({ folder: root }), { command: path.join(root, "bin/fixtrail"), source: "path" });
  });

  it("runs nothing out of a folder that is not trusted", () => {
    assert.deepEqual(find({ trusted: false }), { command: path.join(root, "bin/fixtrail"), source: "path" });
  });

  it("does not fall back when the setting is wrong: it says so", () => {
    const found = find({ setting: path.join(root, "gone") });
    assert.match("missing" in found ? found.missing : "", /fixtrail\.path names .*gone/);
  });

  it("ignores relative entries of PATH, and what is not a program", () => {
    fs.mkdirSync(path.join(root, "odd", "fixtrail"), { recursive: true });
    const found = find({ folder: root, env: { PATH: `.:bin:${path.join(root, "odd")}` } });
    assert.match("missing" in found ? found.missing : "", /neither in the folder's \.venv nor on PATH/);
  });

  it("expands ~ and ${workspaceFolder}", () => {
    assert.equal(expand("~/bin/fixtrail", "/w"), path.join(os.homedir(), "bin/fixtrail"));
    assert.equal(expand("${workspaceFolder}/x/fixtrail", "/w"), "/w/x/fixtrail");
  });
});
