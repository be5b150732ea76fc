// Finds the fixtrail program: the setting, else the folder's .venv when it is trusted, else PATH.
import { accessSync, constants, statSync } from "node:fs";
import { homedir } from "node:os";
import * as path from "node:path";

export interface Where {
  /** The setting fixtrail.path; "": not set. */
  readonly setting: string;
  readonly folder: string;
  /** Whether the folder's own programs may be run. */
  readonly trusted: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
}

export type Found = { readonly command: string; readonly source: "setting" | "folder" | "path" } | { /** What is wrong, and what to do. */ readonly missing: string };

export function locateDaemon({ setting, folder, trusted, env, platform }: Where): Found {
  const windows = platform === "win32";
  if (setting !== "") {
    const command = expand(setting, folder);
    if (isProgram(command)) return { command, source: "setting" };
    return { missing: `The setting fixtrail.path names ${command}, which is not there or cannot be run. Correct it, or empty it.` };
  }
  if (trusted) {
    const command = path.join(folder, ".venv", ...(windows ? ["Scripts", "fixtrail.exe"] : ["bin", "fixtrail"]));
    if (isProgram(command)) return { command, source: "folder" };
  }
  const names = windows ? ["fixtrail.exe", "fixtrail.cmd", "fixtrail.bat"] : ["fixtrail"];
  for (const entry of (env.PATH ?? env.Path ?? "").split(path.delimiter)) {
    // A relative entry would be looked up in the folder, trusted or not.
    if (!path.isAbsolute(entry)) continue;
    for (const name of names) {
      const command = path.join(entry, name);
      if (isProgram(command)) return { command, source: "path" };
    }
  }
  const where = trusted ? "neither in the folder's .venv nor on PATH" : "not on PATH";
  const todo = "Install it with 'pip install fixtrail', or name it in the setting fixtrail.path.";
  return { missing: `The fixtrail program is ${where}. ${todo}` };
}

/** `~` and `${workspaceFolder}`; a relative path is relative to the folder. */
export function expand(setting: string, folder: string): string {
  const home = setting.replace(/^~(?=$|[\\/])/, () => homedir());
  return path.resolve(folder, home.replaceAll("${workspaceFolder}", folder));
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false; // not there, or not ours to run
  }
}
