// file_view: which lines of a file's visible editors were on the screen, and how long.
import * as path from "node:path";
import { Disposable, window, type Uri } from "vscode";
import { makeEvent, type EventIn } from "../common/events";
import { Dwell, type Lines } from "./dwell";
import { repoPath } from "./paths";

export class LineViews implements Disposable {
  readonly #folder: string;
  readonly #dwell: Dwell;
  readonly #subscription: Disposable;

  constructor(folder: Uri, record: (event: EventIn) => void) {
    this.#folder = folder.fsPath;
    this.#dwell = new Dwell(({ file, ranges, began, dwell }) => {
      const plain = ranges.map(({ start, end }) => ({ start, end }));
      record(makeEvent("file_view", { file_path: file, ranges: plain, dwell_ms: Math.round(dwell) }, began));
    });
    const look = (): void => { this.#look(); };
    this.#subscription = Disposable.from(
      window.onDidChangeTextEditorVisibleRanges(look),
      window.onDidChangeVisibleTextEditors(look),
      window.onDidChangeWindowState(look),
    );
    this.#look();
  }

  #look(): void {
    const visible = new Map<string, Lines[]>();
    // Nobody looks at a window that is not in front.
    for (const { document, visibleRanges } of window.state.focused ? window.visibleTextEditors : []) {
      const file = document.uri.scheme === "file" ? repoPath(this.#folder, document.uri.fsPath, path) : undefined;
      if (file === undefined) continue;
      const lines = visibleRanges.map(({ start, end }) => ({ start: start.line + 1, end: end.line + 1 }));
      visible.set(file, [...(visible.get(file) ?? []), ...lines]);
    }
    this.#dwell.update(visible, Date.now());
  }

  /** Record what is still on the screen. */
  finish(): void {
    this.#dwell.update(new Map(), Date.now());
  }

  dispose(): void {
    this.#subscription.dispose();
  }
}
