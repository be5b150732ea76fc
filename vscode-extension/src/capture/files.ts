// What the developer has in view: file_open and file_close from the visible editors of one folder.
import * as path from "node:path";
import { window, type Disposable, type Uri } from "vscode";
import { makeEvent, type EventIn } from "../common/events";
import { repoPath } from "./paths";

/** Switching tabs shows nothing for an instant; views shorter than this, in milliseconds, are not views. */
const SETTLE = 100;

export class FileViews implements Disposable {
  readonly #folder: string;
  readonly #record: (event: EventIn) => void;
  readonly #subscription: Disposable;
  readonly #seen: Set<string>;
  #timer: NodeJS.Timeout | undefined;

  /** `seen` holds what was recorded as open before, and is kept up to date. */
  constructor(folder: Uri, seen: Set<string>, record: (event: EventIn) => void) {
    this.#folder = folder.fsPath;
    this.#seen = seen;
    this.#record = record;
    this.#subscription = window.onDidChangeVisibleTextEditors(() => {
      this.#timer ??= setTimeout(() => { this.flush(); }, SETTLE);
    });
    this.flush();
  }

  /** Record now what changed. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const visible = new Map<string, string>();
    for (const { document } of window.visibleTextEditors) {
      const file = document.uri.scheme === "file" ? repoPath(this.#folder, document.uri.fsPath, path) : undefined;
      if (file !== undefined) visible.set(file, document.languageId);
    }
    for (const file of [...this.#seen]) {
      if (visible.has(file)) continue;
      this.#seen.delete(file);
      this.#record(makeEvent("file_close", { file_path: file }));
    }
    for (const [file, language] of visible) {
      if (this.#seen.has(file)) continue;
      this.#seen.add(file);
      this.#record(makeEvent("file_open", { file_path: file, language_id: language }));
    }
  }

  dispose(): void {
    this.#subscription.dispose();
    clearTimeout(this.#timer);
  }
}
