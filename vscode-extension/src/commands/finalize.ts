// Trace: Finalize: save, end the recording, test and score, show the result.
import { randomUUID } from "node:crypto";
import { ProgressLocation, window, workspace, type CancellationToken, type Progress, type TextDocument } from "vscode";
import { WorkDoneProgress } from "vscode-languageclient/node";
import { isCancelled, UserError } from "../common/errors";
import type { FinalizeResult } from "../protocol";
import { openReport, openTrace } from "../report";
import { summarize } from "../result";
import type { Session } from "../session";

export async function finalize(session: Session): Promise<void> {
  const options = { location: ProgressLocation.Notification, title: "Finalizing the trace", cancellable: true };
  const result = await window.withProgress(options, (progress, token) => run(session, progress, token));
  if (result === undefined) return;
  await session.finalized(result.traceId);
  const { text, good } = summarize(result.qaResults);
  const show = good ? window.showInformationMessage : window.showWarningMessage;
  const choice = await show(text, "Open trace", "Open report");
  if (choice === "Open trace") await openTrace(result.tracePath);
  if (choice === "Open report") await openReport(result.reportPath);
}

async function run(
  session: Session,
  progress: Progress<{ message?: string; increment?: number }>,
  token: CancellationToken,
): Promise<FinalizeResult | undefined> {
  await saveAll(session, progress);
  progress.report({ message: "Waiting until every event is on the disk" });
  if (!(await session.settle("The recording ended while it ran.")) && !(await finalizeAnyway(session))) return undefined;
  if (token.isCancellationRequested) return undefined;

  const workDoneToken = randomUUID();
  let percentage = 0;
  const listening = session.server.client?.onProgress(WorkDoneProgress.type, workDoneToken, (value) => {
    if (value.kind === "end") return;
    const message = value.message ?? (value.kind === "begin" ? value.title : undefined);
    const increment = (value.percentage ?? percentage) - percentage;
    percentage += increment;
    progress.report({ ...(message !== undefined && { message }), ...(increment > 0 && { increment }) });
  });
  try {
    return await session.server.request("trace/finalize", { workDoneToken }, token);
  } catch (error) {
    await session.refresh().catch(() => undefined); // the daemon may be what failed
    if (!isCancelled(error)) throw error;
    window.setStatusBarMessage("Finalizing was cancelled; the trace is still open.", 6_000);
    return undefined;
  } finally {
    listening?.dispose();
  }
}

/** The tests run on what is on the disk. */
async function saveAll({ folder }: Session, progress: Progress<{ message?: string }>): Promise<void> {
  const concerns = ({ isDirty, isUntitled, uri }: TextDocument): boolean =>
    isDirty && !isUntitled && workspace.getWorkspaceFolder(uri)?.uri.toString() === folder.uri.toString();
  const dirty = workspace.textDocuments.filter(concerns);
  if (dirty.length === 0) return;
  progress.report({ message: dirty.length === 1 ? "Saving 1 file" : `Saving ${dirty.length} files` });
  for (const document of dirty) {
    if (!(await document.save())) {
      throw new UserError(`${workspace.asRelativePath(document.uri)} could not be saved, so the trace was not finalized.`);
    }
  }
}

async function finalizeAnyway(session: Session): Promise<boolean> {
  const left = session.outbox.pending(session.status.traceId ?? undefined);
  const message = `${left} events are not on the disk yet. Finalized now, the trace is without them.`;
  return (await window.showWarningMessage(message, { modal: true }, "Finalize anyway")) === "Finalize anyway";
}
