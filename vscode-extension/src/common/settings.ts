// The settings fixtrail.*, read for one folder.
import { env, version, workspace, type WorkspaceFolder } from "vscode";
import { locateDaemon, type Found } from "./locate";

/** Settings as the daemon names them; only what was set, so that its other sources still count. */
export interface DaemonSettings {
  test_command?: string;
  sandbox?: { image?: string; network_builds?: string };
  judge?: { base_url?: string; model?: string };
  capture?: { edit_pause_seconds: number };
}

export interface InitializationOptions {
  readonly fixtrail: {
    readonly sendsFileEvents: true;
    readonly editor: { readonly name: string; readonly version: string };
    readonly settings: DaemonSettings;
  };
}

/** All that a running daemon depends on: when it changes, the daemon is started anew. */
export interface Launch {
  readonly folder: WorkspaceFolder;
  readonly daemon: Found;
  readonly initialization: InitializationOptions;
}

export function readLaunch(folder: WorkspaceFolder): Launch {
  return {
    folder,
    daemon: locateDaemon({
      setting: text(folder, "path"),
      folder: folder.uri.fsPath,
      trusted: workspace.isTrusted,
      env: process.env,
      platform: process.platform,
    }),
    initialization: {
      fixtrail: {
        sendsFileEvents: true,
        editor: { name: env.appName, version },
        settings: daemonSettings(folder),
      },
    },
  };
}

/** The test command to start a trace with; undefined: the daemon's own sources say. */
export function testCommand(folder: WorkspaceFolder): string | undefined {
  return text(folder, "testCommand") || undefined;
}

export function asksReasoningKind(folder: WorkspaceFolder): boolean {
  return workspace.getConfiguration("fixtrail", folder).get("askReasoningKind", false);
}

/** After how long, in milliseconds, a command is recorded whose end is not seen. */
export function commandTimeout(folder: WorkspaceFolder): number {
  const hours: unknown = workspace.getConfiguration("fixtrail", folder).get("commandTimeoutHours");
  return (typeof hours === "number" && Number.isFinite(hours) && hours > 0 ? hours : 12) * 3_600_000;
}

function daemonSettings(folder: WorkspaceFolder): DaemonSettings {
  const test = text(folder, "testCommand");
  const image = text(folder, "image");
  const baseUrl = text(folder, "judge.baseUrl");
  const model = text(folder, "judge.model");
  const pause = chosen(folder, "editPauseSeconds");
  const builds = chosen(folder, "networkBuilds");
  return {
    ...(test !== "" && { test_command: test }),
    ...((image !== "" || typeof builds === "string") && {
      sandbox: { ...(image !== "" && { image }), ...(typeof builds === "string" && { network_builds: builds }) },
    }),
    ...((baseUrl !== "" || model !== "") && {
      judge: { ...(baseUrl !== "" && { base_url: baseUrl }), ...(model !== "" && { model }) },
    }),
    ...(typeof pause === "number" && { capture: { edit_pause_seconds: pause } }),
  };
}

function text(folder: WorkspaceFolder, name: string): string {
  return workspace.getConfiguration("fixtrail", folder).get(name, "").trim();
}

/** What someone set; our own default must not override the environment. */
function chosen(folder: WorkspaceFolder, name: string): unknown {
  const configuration = workspace.getConfiguration("fixtrail", folder);
  const found = configuration.inspect(name);
  const isSet = (found?.globalValue ?? found?.workspaceValue ?? found?.workspaceFolderValue) !== undefined;
  return isSet ? configuration.get(name) : undefined;
}
