// Places inside the folder that is recorded, as a trace names them.
import type { PlatformPath } from "node:path";

/** The path of a file relative to the folder, with `/`; undefined when it lies outside, or in git's own folder. */
export function repoPath(folder: string, file: string, platform: PlatformPath): string | undefined {
  const inside = platform.relative(folder, file);
  const parts = inside.split(platform.sep);
  if (inside === "" || platform.isAbsolute(inside) || parts[0] === ".." || parts[0] === ".git") return undefined;
  return parts.join("/");
}

/** A command's working folder: relative with `/` when it lies in the folder (`.` for the folder itself), else as it is. */
export function workingFolder(folder: string, cwd: string, platform: PlatformPath): string {
  return platform.relative(folder, cwd) === "" ? "." : (repoPath(folder, cwd, platform) ?? cwd);
}
