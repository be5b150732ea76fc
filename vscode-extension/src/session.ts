// The recording of one folder: which trace, in which state, what is captured for it.
import { createHash } from "node:crypto";
import * as path from "node:path";
import { commands, window, workspace, type Disposable, type ExtensionContext, type WorkspaceFolder } from "vscode";
import { Capture } from "./capture/capture";
import { describe, errorData, showError } from "./common/errors";
import { makeEvent, type EventIn } from "./common/events";
import type { Log } from "./common/log";
import { Server, type DaemonState } from "./common/server";
import type { View } from "./common/status";
import { Outbox } from "./outbox";
import type { StartParams, Status } from "./protocol";

/** The trace of a folder that is open, so that the next window goes on with it. */
const REMEMBERED = "fixtrail.trace";
const LAST = "fixtrail.lastTrace";
/** How long, in milliseconds, to wait for events to be on the disk before a trace is closed. */
const SETTLE = 15_000;
/** How long, in milliseconds, another process may hold the trace that this window goes on with. */
const TAKE_UP = 30_000;

export class Session implements Disposable {
  readonly context: ExtensionContext;
  readonly log: Log;
  readonly folder: WorkspaceFolder;
  readonly server: Server;
  readonly outbox: Outbox;
  readonly #changed: () => void;
  readonly #subscriptions: Disposable[];
  #status: Status = { state: "idle" };
  #daemon: DaemonState = "off";
  #capture: Capture | undefined;
  /** The trace this window finalized last, while no other is open. */
  #finalized: string | undefined;
  /** Files recorded as open: a pause in between is no reason to record them again. */
  #seen = { traceId: "", files: new Set<string>() };
  #warnedOfTerminals = false;

  /** `changed` is called whenever what is to be shown of it changes. */
  constructor(context: ExtensionContext, log: Log, folder: WorkspaceFolder, changed: () => void) {
    this.context = context;
    this.log = log;
    this.folder = folder;
    this.#changed = changed;
    this.server = new Server(log, folder, context.secrets);
    this.outbox = new Outbox({
      // A folder's own: two sessions of one window must not take each other's queue for one that was left behind.
      folder: context.storageUri && path.join(context.storageUri.fsPath, shortHash(folder.uri.toString())),
      send: (params) => this.server.notify("trace/events", params),
      warn: (message) => {
        log.warn(message);
        void window.showWarningMessage(message);
      },
      changed,
    });
    this.#subscriptions = [
      this.server.onState((state) => { this.#daemonChanged(state); }),
      this.server.onRecorded((params) => { this.outbox.recorded(params); }),
      this.server.onStatusChanged((status) => { this.#apply(status); }),
      workspace.onDidChangeConfiguration((change) => {
        if (change.affectsConfiguration("fixtrail")) this.#refreshServer();
      }),
      workspace.onDidGrantWorkspaceTrust(() => { this.#refreshServer(); }),
      context.secrets.onDidChange(() => { this.#refreshServer(); }),
    ];
  }

  /** Whether a trace of the folder was open when the window closed. */
  static remembers(context: ExtensionContext, folder: WorkspaceFolder): boolean {
    return context.workspaceState.get(`${REMEMBERED}:${folder.uri.toString()}`) !== undefined;
  }

  get status(): Status {
    return this.#status;
  }

  get view(): View {
    const kept = this.outbox.pending(this.#status.traceId ?? undefined);
    return { folder: this.folder.name, status: this.#status, daemon: this.#daemon, kept };
  }

  /** The trace of now, else the last one of this folder. */
  get traceId(): string | undefined {
    return this.#status.traceId ?? this.#recall(LAST);
  }

  /** Whether a trace is open. */
  get open(): boolean {
    return isOpen(this.#status);
  }

  /** Go on with a trace that was open when the window closed. Starts nothing when there is none. */
  async restore(): Promise<void> {
    const open = this.#recall(REMEMBERED);
    if (open === undefined) return;
    await this.server.ensure();
    let status = await this.refresh();
    if (status.traceId !== open) {
      if (!(await this.#takeUp(open))) {
        this.log.warn(`trace ${open} was open when the window closed, and is not any more`);
        this.#closed(open);
        return;
      }
      status = await this.refresh();
    }
    if (status.state !== "recording") return;
    this.record(makeEvent("session_mark", { mark: "editor_restarted" }));
    const name = workspace.workspaceFolders?.length === 1 ? "this folder" : this.folder.name;
    const choice = await window.showInformationMessage(`fixtrail goes on recording ${name}.`, "Pause", "Finalize");
    const command = choice === "Pause" ? "fixtrail.pause" : "fixtrail.finalize";
    if (choice !== undefined) await commands.executeCommand(command, this.folder.uri);
  }

  /** Begin a trace. False: one of this folder was still open, and it goes on. */
  async start(params: Omit<StartParams, "workspaceUri">): Promise<boolean> {
    await this.server.ensure();
    await this.refresh();
    if (this.open) return false;
    const { traceId } = await this.server.request("trace/start", { workspaceUri: this.folder.uri.toString(), ...params });
    this.log.info(`recording trace ${traceId}`);
    await this.refresh();
    return true;
  }

  /** Ask the daemon how things are, and act on it. */
  async refresh(): Promise<Status> {
    const status = await this.server.request("trace/status", {});
    this.outbox.reconcile(status);
    this.#apply(status);
    return status;
  }

  record(event: EventIn): void {
    this.outbox.record(event);
  }

  /**
   * Wait until everything that was seen is on the disk. False: not in time.
   * With `reason`, commands that still run are recorded as well, without an exit code.
   */
  async settle(reason?: string): Promise<boolean> {
    await this.#capture?.settle(reason);
    const traceId = this.#status.traceId;
    return traceId == null || this.outbox.settle(traceId, SETTLE);
  }

  /** The trace was finalized. */
  async finalized(traceId: string): Promise<void> {
    this.#finalized = traceId;
    this.#closed(traceId);
    await this.refresh();
  }

  /** The trace is deleted: so is what the editor kept for it. */
  async forget(traceId: string): Promise<void> {
    this.#finalized = undefined;
    this.#closed(traceId, true);
    await this.#keep(LAST, undefined);
    await this.refresh();
  }

  /** The window or the folder closes: keep what is open, let the daemon go. */
  async close(): Promise<void> {
    this.#capture?.abandon("The window was closed while it ran.");
    this.#stopCapture();
    this.outbox.dispose();
    await this.server.stop();
  }

  dispose(): void {
    for (const part of [...this.#subscriptions, this.server]) part.dispose();
  }

  /** Have the daemon go on with a trace that it did not take up by itself. False: it is closed, or gone. */
  async #takeUp(traceId: string): Promise<boolean> {
    const { traces } = await this.server.request("trace/list", { limit: 1_000 });
    const found = traces.find((trace) => trace.traceId === traceId);
    if (found === undefined || found.state === "finalized") return false; // to resume it would open it again
    const deadline = Date.now() + TAKE_UP;
    for (;;) {
      try {
        await this.server.request("trace/resume", { traceId });
        break;
      } catch (error) {
        // After a reload the daemon of the window before may need a moment to end.
        if (errorData(error)?.code !== "trace/locked" || Date.now() > deadline) throw error;
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
    }
    if (found.state === "paused") await this.server.request("trace/pause", { traceId });
    return true;
  }

  #refreshServer(): void {
    this.server.refresh().catch((error: unknown) => void showError(this.log, error));
  }

  #daemonChanged(state: DaemonState): void {
    const before = this.#daemon;
    this.#daemon = state;
    if (state !== "up") this.outbox.disconnected();
    this.#changed();
    if (state === "up") {
      // Not on the first start: whoever asked for it goes on from there.
      if (before === "down" || before === "failed") this.log.info("the daemon is back");
      this.refresh().catch((error: unknown) => { this.log.error("asking for the status", describe(error)); });
    } else if (state === "failed") {
      void this.#offerRestart();
    }
  }

  async #offerRestart(): Promise<void> {
    const message = "The fixtrail daemon stopped. Until it runs, edits are not recorded; commands and file views are kept.";
    const choice = await window.showErrorMessage(message, "Restart", "Show Log");
    if (choice === "Show Log") this.log.show();
    if (choice === "Restart") await this.refresh().catch((error: unknown) => showError(this.log, error));
  }

  #apply(status: Status): void {
    const { traceId, state } = status;
    // The daemon lets go of a trace that is finalized; here it stays the one that Export and Discard mean.
    if (traceId == null && this.#finalized !== undefined) this.#status = { ...status, traceId: this.#finalized, state: "finalized" };
    else this.#status = status;
    if (traceId != null && state === "recording") this.#startCapture(traceId);
    else this.#stopCapture();
    if (traceId != null && isOpen(status)) this.#remember(traceId);
    this.#changed();
  }

  #startCapture(traceId: string): void {
    const consent = JSON.stringify(this.#status.consent ?? null);
    if (this.#capture?.traceId === traceId && this.#capture.consent === consent) return;
    if (this.#capture?.traceId === traceId) this.#capture.abandon("What may be recorded was changed while it ran.");
    this.#stopCapture();
    this.outbox.begin(traceId);
    if (this.#seen.traceId !== traceId) this.#seen = { traceId, files: new Set() };
    this.#capture = new Capture({
      traceId,
      folder: this.folder,
      consent: this.#status.consent,
      seen: this.#seen.files,
      record: (event) => { this.record(event); },
      began: (eventId, command, agent) => {
        this.outbox.mark();
        // Lost with the daemon it is only an actor that is not known.
        void this.server.notify("trace/commandStarted", { eventId, command, agent }).catch(() => undefined);
      },
      warn: (message) => { this.#warnOfTerminal(message); },
    });
  }

  #stopCapture(): void {
    this.#capture?.dispose();
    this.#capture = undefined;
  }

  /** Once is enough: the trace names each terminal. */
  #warnOfTerminal(message: string): void {
    this.log.warn(message);
    if (this.#warnedOfTerminals) return;
    this.#warnedOfTerminals = true;
    void window.showWarningMessage(message);
  }

  #remember(traceId: string): void {
    this.#finalized = undefined;
    if (this.#recall(LAST) !== traceId) void this.#keep(LAST, traceId);
    if (this.#recall(REMEMBERED) !== traceId) void this.#keep(REMEMBERED, traceId);
  }

  #closed(traceId: string, discard = false): void {
    this.outbox.end(traceId, discard);
    void this.#keep(REMEMBERED, undefined);
  }

  #recall(what: string): string | undefined {
    return this.context.workspaceState.get<string>(`${what}:${this.folder.uri.toString()}`);
  }

  async #keep(what: string, traceId: string | undefined): Promise<void> {
    await this.context.workspaceState.update(`${what}:${this.folder.uri.toString()}`, traceId);
  }
}

function shortHash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}

export function isOpen({ traceId, state }: Status): boolean {
  return traceId != null && (state === "recording" || state === "paused" || state === "finalizing");
}
