// Tells a person what went wrong and what to do, from an error of the daemon or of our own.
import { commands, window } from "vscode";
import { LSPErrorCodes, ResponseError } from "vscode-languageclient/node";
import type { ErrorData } from "../protocol";
import type { Log } from "./log";

/** Something that a person is told as it stands. */
export class UserError extends Error {
  constructor(
    message: string,
    /** A button, and the command behind it. */
    readonly action?: { readonly title: string; readonly command: string; readonly argument?: object },
  ) {
    super(message);
  }
}

/** What a daemon's error says of itself; undefined for any other error. */
export function errorData(error: unknown): ErrorData | undefined {
  if (!(error instanceof ResponseError)) return undefined;
  const data = error.data as Partial<ErrorData> | null | undefined;
  return typeof data?.code === "string" ? (data as ErrorData) : undefined;
}

export function isCancelled(error: unknown): boolean {
  return error instanceof ResponseError && error.code === LSPErrorCodes.RequestCancelled;
}

/** Message and hint in one text. */
export function describe(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const hint = errorData(error)?.hint;
  return hint ? `${message} ${hint}` : message;
}

/** Show an error and log it. */
export async function showError(log: Log, error: unknown): Promise<void> {
  const text = describe(error);
  const code = errorData(error)?.code;
  if (code !== undefined) log.error(`${code}: ${text}`);
  else if (error instanceof UserError) log.error(text);
  else log.error(error instanceof Error ? error : text);
  const action = error instanceof UserError ? error.action : undefined;
  const button = action?.title ?? "Show Log";
  const chosen = await window.showErrorMessage(text, button);
  if (chosen !== button) return;
  if (action === undefined) log.show();
  else await commands.executeCommand(action.command, action.argument);
}
