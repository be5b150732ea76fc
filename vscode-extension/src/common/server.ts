// The daemon and the language client that speaks with it: started when needed, restarts never overlapping.
import { env, EventEmitter, RelativePattern, type CancellationToken, type Disposable, type SecretStorage, type WorkspaceFolder } from "vscode";
import {
  CloseAction,
  ErrorAction,
  ExecuteCommandRequest,
  LanguageClient,
  RevealOutputChannelOn,
  State,
  type DynamicFeature,
  type ErrorHandler,
  type LanguageClientOptions,
  type StaticFeature,
} from "vscode-languageclient/node";
import type { Notifications, Requests } from "../protocol";
import { UserError } from "./errors";
import { keyVariables } from "./keys";
import type { Log } from "./log";
import { readLaunch, type Launch } from "./settings";

const CRASHES_ALLOWED = 4;
const CRASH_WINDOW = 3 * 60_000;
/** How long, in milliseconds, a request waits for a daemon that is being started again. */
const RESTART_PATIENCE = 20_000;

/** `up`: it answers. `down`: it ended and is being started again. `failed`: it will not be started again by itself. */
export type DaemonState = "off" | "up" | "down" | "failed";

export class Server implements Disposable {
  readonly #log: Log;
  readonly #folder: WorkspaceFolder;
  readonly #secrets: SecretStorage;
  readonly #state = new EventEmitter<DaemonState>();
  readonly #recorded = new EventEmitter<Notifications["trace/recorded"]>();
  readonly #statusChanged = new EventEmitter<Notifications["trace/statusChanged"]>();
  #client: LanguageClient | undefined;
  #launched: string | undefined;
  #settling: Promise<void> | undefined;
  #restarting = false;
  #disposed = false;

  readonly onState = this.#state.event;
  readonly onRecorded = this.#recorded.event;
  readonly onStatusChanged = this.#statusChanged.event;

  constructor(log: Log, folder: WorkspaceFolder, secrets: SecretStorage) {
    this.#log = log;
    this.#folder = folder;
    this.#secrets = secrets;
  }

  get client(): LanguageClient | undefined {
    return this.#client;
  }

  /** Have the daemon run for the folder, with the settings as they are now. */
  async ensure(): Promise<void> {
    this.#settling ??= this.#settle().finally(() => (this.#settling = undefined));
    await this.#settling;
  }

  /** Settings or trust changed: start the daemon anew if that makes a difference to it, and only if it was started. */
  async refresh(): Promise<void> {
    if (this.#launched !== undefined) await this.ensure();
  }

  async request<Method extends keyof Requests>(
    method: Method,
    params: Requests[Method]["params"],
    token?: CancellationToken,
  ): Promise<Requests[Method]["result"]> {
    await this.ensure();
    if (this.#restarting) await this.#whenBack();
    if (this.#client === undefined) throw new UserError("The fixtrail daemon is not running.");
    // An undefined token would be sent as a second, positional parameter.
    if (token === undefined) return this.#client.sendRequest<Requests[Method]["result"]>(method, params);
    return this.#client.sendRequest<Requests[Method]["result"]>(method, params, token);
  }

  /** Rejects when the daemon is not there; an event that must not be lost goes through the outbox. */
  async notify<Method extends "trace/events" | "trace/commandStarted">(
    method: Method,
    params: Notifications[Method],
  ): Promise<void> {
    if (this.#client?.state !== State.Running) throw new Error("the daemon is not running");
    await this.#client.sendNotification(method, params);
  }

  async stop(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    this.#launched = undefined;
    if (client === undefined) return;
    try {
      await client.dispose();
    } catch (error) {
      // It did not start, or is gone already.
      this.#log.debug("stopping the daemon", String(error));
    }
    this.#state.fire("off");
  }

  dispose(): void {
    this.#disposed = true;
    for (const emitter of [this.#state, this.#recorded, this.#statusChanged]) emitter.dispose();
  }

  async #whenBack(): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(done, RESTART_PATIENCE);
      const subscription = this.onState((state) => {
        if (state !== "down") done();
      });
      function done(): void {
        clearTimeout(timer);
        subscription.dispose();
        resolve();
      }
    });
  }

  async #settle(): Promise<void> {
    while (!this.#disposed) {
      const launch = readLaunch(this.#folder);
      const keys = await keyVariables(this.#secrets, process.env);
      const key = JSON.stringify([launch.folder.uri.toString(), launch.daemon, launch.initialization, keys]);
      const usable = this.#client?.state === State.Running || this.#client?.state === State.Starting;
      if (key === this.#launched && usable) return;
      await this.stop();
      await this.#start(launch, keys);
      this.#launched = key;
    }
  }

  async #start(launch: Launch, keys: Record<string, string>): Promise<void> {
    if ("missing" in launch.daemon) {
      // Of the machine that the folder is on: in a remote window the user's own settings do not show it.
      const settings = env.remoteName === undefined ? "openSettings" : "openRemoteSettings";
      const argument = { query: "fixtrail.path" };
      throw new UserError(launch.daemon.missing, { title: "Open Settings", command: `workbench.action.${settings}`, argument });
    }
    const { command, source } = launch.daemon;
    this.#log.info(`starting ${command} (from ${source}) for ${launch.folder.uri.fsPath}`);
    const run = { command, args: ["serve"], options: { cwd: launch.folder.uri.fsPath, env: { ...process.env, ...keys } } };
    const client: LanguageClient = new Client("fixtrail", "fixtrail", run, this.#options(launch));
    client.onNotification("trace/recorded", (params: Notifications["trace/recorded"]) => { this.#recorded.fire(params); });
    client.onNotification("trace/statusChanged", (params: Notifications["trace/statusChanged"]) => {
      this.#statusChanged.fire(params);
    });
    client.onDidChangeState(({ newState }) => {
      if (this.#client !== client) return;
      if (newState === State.Running) {
        this.#restarting = false;
        this.#state.fire("up");
      } else if (newState === State.StartFailed || (newState === State.Stopped && !this.#restarting)) {
        this.#state.fire("failed");
      }
    });
    this.#client = client;
    try {
      await client.start();
    } catch (error) {
      this.#client = undefined;
      await client.dispose().catch(() => undefined); // what failed to start need not be stopped
      throw new UserError(`The fixtrail daemon (${command}) could not be started: ${(error as Error).message}.`);
    }
  }

  #options(launch: Launch): LanguageClientOptions {
    const { baseUri, pattern } = new RelativePattern(launch.folder, "**/*");
    return {
      documentSelector: [{ scheme: "file", pattern: { baseUri: baseUri.toString(), pattern } }],
      workspaceFolder: launch.folder,
      initializationOptions: launch.initialization,
      outputChannel: this.#log,
      revealOutputChannelOn: RevealOutputChannelOn.Never,
      errorHandler: this.#errorHandler(),
      initializationFailedHandler: () => false,
    };
  }

  #errorHandler(): ErrorHandler {
    const crashes: number[] = [];
    return {
      error: () => ({ action: ErrorAction.Continue, handled: true }),
      closed: async () => {
        if (this.#client?.state !== State.Running) return { action: CloseAction.DoNotRestart, handled: true };
        this.#restarting = true;
        this.#state.fire("down");
        const now = Date.now();
        crashes.push(now);
        const recent = crashes.filter((moment) => now - moment < CRASH_WINDOW).length;
        if (recent > CRASHES_ALLOWED) {
          this.#restarting = false;
          const message = `The fixtrail daemon ended ${recent} times in three minutes and is not started again.`;
          return { action: CloseAction.DoNotRestart, handled: true, message };
        }
        await new Promise((resolve) => setTimeout(resolve, recent === 1 ? 0 : 250 * 2 ** recent));
        return { action: CloseAction.Restart, handled: true, message: "The fixtrail daemon ended; starting it again." };
      },
    };
  }
}

/**
 * Without the feature that makes an editor command of each of the server's commands: they would stand beside ours,
 * under names that another extension may use.
 */
class Client extends LanguageClient {
  override registerFeature(feature: StaticFeature | DynamicFeature<unknown>): void {
    if ("registrationType" in feature && feature.registrationType.method === ExecuteCommandRequest.method) return;
    super.registerFeature(feature);
  }
}
