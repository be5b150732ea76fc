// Keys in the editor's secret storage, and which of them the daemon is given.
import assert from "node:assert/strict";
import { test } from "node:test";
import { hasKey, KEYS, keyVariables, removeKey, storeKey, type Key } from "../src/common/keys";

class Storage {
  readonly kept = new Map<string, string>();
  get(name: string): Promise<string | undefined> { return Promise.resolve(this.kept.get(name)); }
  store(name: string, value: string): Promise<void> { this.kept.set(name, value); return Promise.resolve(); }
  delete(name: string): Promise<void> { this.kept.delete(name); return Promise.resolve(); }
}

const [judge, upload] = KEYS as readonly [Key, Key];

test("what is stored reaches the daemon by its variable, and nothing else does", async () => {
  const secrets = new Storage();
  assert.deepEqual(await keyVariables(secrets, {}), {});
  await storeKey(secrets, judge, "sk-one");
  assert.deepEqual(await keyVariables(secrets, { PATH: "/bin" }), { FIXTRAIL_JUDGE_API_KEY: "sk-one" });
  await storeKey(secrets, upload, "two");
  assert.deepEqual(await keyVariables(secrets, {}), { FIXTRAIL_JUDGE_API_KEY: "sk-one", FIXTRAIL_UPLOAD_TOKEN: "two" });
});

test("the environment goes first; an empty variable is none", async () => {
  const secrets = new Storage();
  await storeKey(secrets, judge, "stored");
  assert.deepEqual(await keyVariables(secrets, { FIXTRAIL_JUDGE_API_KEY: "from outside" }), {});
  assert.deepEqual(await keyVariables(secrets, { FIXTRAIL_JUDGE_API_KEY: "" }), { FIXTRAIL_JUDGE_API_KEY: "stored" });
});

test("a removed key is gone", async () => {
  const secrets = new Storage();
  assert.equal(await removeKey(secrets, judge), false);
  await storeKey(secrets, judge, "sk-one");
  assert.equal(await hasKey(secrets, judge), true);
  assert.equal(await removeKey(secrets, judge), true);
  assert.equal(secrets.kept.size, 0);
});
