// The judge's key and the collector's token, in the editor's SecretStorage: never in a setting, a log or a trace.
import type { SecretStorage } from "vscode";

export interface Key {
  readonly name: "judge" | "upload";
  readonly label: string;
  /** The variable by which the daemon is given it. What the editor's own environment has there goes first. */
  readonly variable: string;
}

export const KEYS: readonly Key[] = [
  { name: "judge", label: "Key of the judge", variable: "FIXTRAIL_JUDGE_API_KEY" },
  { name: "upload", label: "Token of the collector", variable: "FIXTRAIL_UPLOAD_TOKEN" },
];

type Secrets = Pick<SecretStorage, "get" | "store" | "delete">;

function place({ name }: Key): string {
  return `fixtrail.${name}`;
}

export async function storeKey(secrets: Secrets, key: Key, value: string): Promise<void> {
  await secrets.store(place(key), value);
}

/** Resolves to whether there was one. */
export async function removeKey(secrets: Secrets, key: Key): Promise<boolean> {
  const had = (await secrets.get(place(key))) !== undefined;
  await secrets.delete(place(key));
  return had;
}

export async function hasKey(secrets: Secrets, key: Key): Promise<boolean> {
  return (await secrets.get(place(key))) !== undefined;
}

/** The variables to add to the daemon's environment. */
export async function keyVariables(secrets: Secrets, env: NodeJS.ProcessEnv): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const key of KEYS) {
    const value = env[key.variable] ? undefined : await secrets.get(place(key));
    if (value !== undefined) found[key.variable] = value;
  }
  return found;
}
