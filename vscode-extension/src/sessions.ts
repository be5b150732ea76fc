// The recordings of this window: one for each folder of the workspace.
import { Disposable, Uri, window, workspace, type ExtensionContext, type WorkspaceFolder } from "vscode";
import { showError } from "./common/errors";
import type { Log } from "./common/log";
import { StatusView } from "./common/status";
import type { Status } from "./protocol";
import { Session } from "./session";

export type State = NonNullable<Status["state"]>;

export class Sessions implements Disposable {
  readonly context: ExtensionContext;
  readonly log: Log;
  readonly #sessions = new Map<string, Session>();
  readonly #view = new StatusView();
  readonly #subscription: Disposable;

  constructor(context: ExtensionContext, log: Log) {
    this.context = context;
    this.log = log;
    this.#subscription = Disposable.from(
      window.onDidChangeActiveTextEditor(() => { this.#render(); }),
      workspace.onDidChangeWorkspaceFolders(({ added, removed }) => {
        for (const folder of removed) void this.#close(folder);
        this.#restore(added);
      }),
    );
    this.#render();
  }

  /** Go on with every trace that was open when the window closed. */
  restore(): void {
    this.#restore(workspace.workspaceFolders ?? []);
  }

  /** The session of a folder, made when it is first asked for. */
  of(folder: WorkspaceFolder): Session {
    const key = folder.uri.toString();
    let session = this.#sessions.get(key);
    if (session === undefined) {
      session = new Session(this.context, this.log, folder, () => { this.#render(); });
      this.#sessions.set(key, session);
      this.#render();
    }
    return session;
  }

  /** Folders on this machine: others cannot be recorded. */
  get folders(): readonly WorkspaceFolder[] {
    return (workspace.workspaceFolders ?? []).filter(({ uri }) => uri.scheme === "file");
  }

  /** The sessions that a command may mean: the one of `target` where the caller names a folder, else those in one of `states`. */
  candidates(states: readonly State[], target?: unknown): readonly Session[] {
    if (target instanceof Uri) {
      const named = this.#sessions.get(target.toString());
      return named === undefined ? [] : [named];
    }
    return [...this.#sessions.values()].filter(({ status }) => states.includes(status.state ?? "idle"));
  }

  /** Of these the only one, the one of the active editor, or the one that is picked. Undefined: none was picked. */
  async choose(found: readonly Session[]): Promise<Session | undefined> {
    if (found.length <= 1) return found[0];
    const active = this.#active();
    if (active !== undefined && found.includes(active)) return active;
    const items = found.map((session) => ({
      label: session.folder.name,
      description: `${session.status.state ?? "idle"}, ${session.status.events ?? 0} events`,
      session,
    }));
    return (await window.showQuickPick(items, { title: "Which folder's trace?" }))?.session;
  }

  /** The session to show: of the active editor's folder, else one that is open, else any. */
  get shown(): Session | undefined {
    const all = [...this.#sessions.values()];
    const active = this.#active();
    return active?.open === true ? active : (all.find(({ open }) => open) ?? active ?? all[0]);
  }

  /** The window closes. */
  async close(): Promise<void> {
    await Promise.all([...this.#sessions.values()].map((session) => session.close()));
  }

  dispose(): void {
    this.#subscription.dispose();
    for (const session of this.#sessions.values()) session.dispose();
    this.#sessions.clear();
    this.#view.dispose();
  }

  #active(): Session | undefined {
    const uri = window.activeTextEditor?.document.uri;
    const folder = uri === undefined ? undefined : workspace.getWorkspaceFolder(uri);
    return folder === undefined ? undefined : this.#sessions.get(folder.uri.toString());
  }

  #restore(folders: readonly WorkspaceFolder[]): void {
    for (const folder of folders.filter(({ uri }) => uri.scheme === "file")) {
      if (Session.remembers(this.context, folder)) {
        this.of(folder).restore().catch((error: unknown) => void showError(this.log, error));
      }
    }
  }

  async #close({ uri }: WorkspaceFolder): Promise<void> {
    const session = this.#sessions.get(uri.toString());
    if (session === undefined) return;
    this.#sessions.delete(uri.toString());
    await session.close();
    session.dispose();
    this.#render();
  }

  #render(): void {
    const all = [...this.#sessions.values()];
    const open = all.filter((session) => session.open).length;
    const free = this.folders.length === 0 || open < this.folders.length;
    this.#view.update(this.shown?.view, all.map(({ view }) => view), free);
  }
}
