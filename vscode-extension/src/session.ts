// The recording of this window: which trace, in which state, what is captured for it.
import { commands, window, workspace, type Disposable, type ExtensionContext, type WorkspaceFolder } from "vscode";
import { DebugSessions } from "./capture/debugging";
import { FileViews } from "./capture/files";
import { TerminalCommands } from "./capture/terminals";
import { LineViews } from "./capture/views";
import { describe, errorData, showError } from "./common/errors";
import { makeEvent, type EventIn } from "./common/events";
import type { Log } from "./common/log";
import { Server, type DaemonState } from "./common/server";
import { StatusView } from "./common/status";
import { Outbox } from "./outbox";
import type { StartParams, Status } from "./protocol";

/** What this workspace remembers of a trace that is open, so that the next window goes on with it. */
interface Remembered {
  readonly traceId: string;
  readonly folder: string;
}

const REMEMBERED = "fixtrail.trace";
const LAST = "fixtrail.lastTrace";
/** How long, in milliseconds, to wait for events to be on the disk before a trace is closed. */
const SETTLE = 15_000;
/** How long, in milliseconds, another process may hold the trace that this window goes on with. */
const TAKE_UP = 30_000;

interface Capture {
  readonly traceId: string;
  readonly files: FileViews | undefined;
  readonly lines: LineViews | undefined;
  readonly debugging: DebugSessions;
  readonly terminals: TerminalCommands;
}

export class Session implements Disposable {
  readonly context: ExtensionContext;
  readonly log: Log;
  readonly server: Server;
  readonly outbox: Outbox;
  readonly #view = new StatusView();
  readonly #subscriptions: Disposable[];
  #status: Status = { state: "idle" };
  #daemon: DaemonState = "off";
  #folder: WorkspaceFolder | undefined;
  #capture: Capture | undefined;
  /** The trace this window finalized last, while no other is open. */
  #finalized: string | undefined;
  /** Files recorded as open: a pause in between is no reason to record them again. */
  #seen = { traceId: "", files: new Set<string>() };
  #warnedOfTerminals = false;

  constructor(context: ExtensionContext, log: Log) {
    this.context = context;
    this.log = log;
    this.server = new Server(log);
    this.outbox = new Outbox({
      folder: context.storageUri?.fsPath,
      send: (params) => this.server.notify("trace/events", params),
      warn: (message) => {
        log.warn(message);
        void window.showWarningMessage(message);
      },
      changed: () => { this.#render(); },
    });
    this.#subscriptions = [
      this.server.onState((state) => { this.#daemonChanged(state); }),
      this.server.onRecorded((params) => { this.outbox.recorded(params); }),
      this.server.onStatusChanged((status) => { this.#apply(status); }),
      workspace.onDidChangeConfiguration((change) => {
        if (change.affectsConfiguration("fixtrail")) this.#refreshServer();
      }),
      workspace.onDidGrantWorkspaceTrust(() => { this.#refreshServer(); }),
    ];
    this.#render();
  }

  get status(): Status {
    return this.#status;
  }

  get folder(): WorkspaceFolder | undefined {
    return this.#folder;
  }

  /** The trace of now, else the last one of this workspace. */
  get traceId(): string | undefined {
    return this.#status.traceId ?? this.context.workspaceState.get<string>(LAST);
  }

  /** Whether a trace is open. */
  get open(): boolean {
    return isOpen(this.#status);
  }

  /** Go on with a trace that was open when the window closed. Starts nothing when there is none. */
  async restore(): Promise<void> {
    const open = this.context.workspaceState.get<Remembered>(REMEMBERED);
    const folder = workspace.workspaceFolders?.find(({ uri }) => uri.toString() === open?.folder);
    if (open === undefined || folder === undefined) return;
    await this.connect(folder);
    let status = await this.refresh();
    if (status.traceId !== open.traceId) {
      if (!(await this.#takeUp(open.traceId))) {
        this.log.warn(`trace ${open.traceId} was open when the window closed, and is not any more`);
        this.#closed(open.traceId);
        return;
      }
      status = await this.refresh();
    }
    if (status.state !== "recording") return;
    this.record(makeEvent("session_mark", { mark: "editor_restarted" }));
    const choice = await window.showInformationMessage("fixtrail goes on recording this folder.", "Pause", "Finalize");
    if (choice !== undefined) await commands.executeCommand(choice === "Pause" ? "fixtrail.pause" : "fixtrail.finalize");
  }

  /** Have a daemon for the folder. */
  async connect(folder: WorkspaceFolder): Promise<void> {
    this.#folder = folder;
    await this.server.ensure(folder);
  }

  /** Begin a trace. False: one of this folder was still open, and it goes on. */
  async start(folder: WorkspaceFolder, params: Omit<StartParams, "workspaceUri">): Promise<boolean> {
    await this.connect(folder);
    await this.refresh();
    if (this.open) return false;
    const { traceId } = await this.server.request("trace/start", { workspaceUri: folder.uri.toString(), ...params });
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
    if (this.#capture !== undefined) {
      await this.#capture.terminals.settle();
      if (reason !== undefined) this.#capture.terminals.abandon(reason);
      this.#capture.lines?.finish();
      this.#capture.files?.flush();
    }
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
    await this.context.workspaceState.update(LAST, undefined);
    await this.refresh();
  }

  /** The window closes: keep what is open, let the daemon go. */
  async close(): Promise<void> {
    this.#capture?.terminals.abandon("The window was closed while it ran.");
    this.#stopCapture();
    this.outbox.dispose();
    await this.server.stop();
  }

  dispose(): void {
    for (const part of [...this.#subscriptions, this.#view, this.server]) part.dispose();
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
    this.#render();
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
    this.#render();
  }

  #startCapture(traceId: string): void {
    const folder = this.#folder;
    if (folder === undefined || this.#capture?.traceId === traceId) return;
    this.#stopCapture();
    this.outbox.begin(traceId);
    if (this.#seen.traceId !== traceId) this.#seen = { traceId, files: new Set() };
    const consent = this.#status.consent;
    const record = (event: EventIn): void => { this.record(event); };
    this.#capture = {
      traceId,
      files: consent?.file_views === true ? new FileViews(folder.uri, this.#seen.files, record) : undefined,
      lines: consent?.file_views === true ? new LineViews(folder.uri, record) : undefined,
      debugging: new DebugSessions(folder.uri, record),
      terminals: new TerminalCommands({
        folder: folder.uri,
        output: consent?.terminal_output === true,
        record,
        began: (eventId, command, agent) => {
          this.outbox.mark();
          // Lost with the daemon it is only an actor that is not known.
          void this.server.notify("trace/commandStarted", { eventId, command, agent }).catch(() => undefined);
        },
        warn: (message) => { this.#warnOfTerminal(message); },
      }),
    };
  }

  #stopCapture(): void {
    this.#capture?.files?.dispose();
    this.#capture?.lines?.dispose();
    this.#capture?.debugging.dispose();
    this.#capture?.terminals.dispose();
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
    const memory = this.context.workspaceState;
    if (memory.get<string>(LAST) !== traceId) void memory.update(LAST, traceId);
    const folder = this.#folder?.uri.toString();
    if (folder !== undefined && memory.get<Remembered>(REMEMBERED)?.traceId !== traceId) {
      void memory.update(REMEMBERED, { traceId, folder });
    }
  }

  #closed(traceId: string, discard = false): void {
    this.outbox.end(traceId, discard);
    void this.context.workspaceState.update(REMEMBERED, undefined);
  }

  #render(): void {
    this.#view.update({
      status: this.#status,
      daemon: this.#daemon,
      kept: this.outbox.pending(this.#status.traceId ?? undefined),
    });
  }
}

function isOpen({ traceId, state }: Status): boolean {
  return traceId != null && (state === "recording" || state === "paused" || state === "finalizing");
}
