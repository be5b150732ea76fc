// Trace: Export.
import { homedir } from "node:os";
import * as path from "node:path";
import { Uri, window, type QuickPickItem } from "vscode";
import { UserError } from "../common/errors";
import type { ExportParams, TraceSummary } from "../protocol";
import { openTrace } from "../report";
import type { Session } from "../session";
import type { Sessions } from "../sessions";

interface FormatItem extends QuickPickItem {
  readonly format: NonNullable<ExportParams["format"]>;
  readonly suffix: string;
}

interface TraceItem extends QuickPickItem {
  readonly traceId: string;
}

const FORMATS: readonly FormatItem[] = [
  { format: "json", suffix: ".json", label: "JSON, schema 1.1", detail: "Everything that was recorded." },
  { format: "json-1.0", suffix: ".1.0.json", label: "JSON, schema 1.0", detail: "Exactly the fields of the 1.0 format." },
];

export async function exportTrace(sessions: Sessions, target: unknown): Promise<void> {
  const found = sessions.candidates(["recording", "paused", "finalized"], target);
  const session = found.length === 0 ? somewhere(sessions) : await sessions.choose(found);
  if (session === undefined) return;
  const traceId = session.traceId ?? (await pickTrace(session));
  if (traceId === undefined) return;
  const picked = await window.showQuickPick(FORMATS, { title: "Export the trace: in which format?" });
  if (picked === undefined) return;
  const place = await window.showSaveDialog({
    title: "Export the trace",
    saveLabel: "Export",
    // Not the repository: nothing is written there unasked.
    defaultUri: Uri.file(path.join(homedir(), `trace-${traceId}${picked.suffix}`)),
    filters: { JSON: ["json"] },
  });
  if (place === undefined) return;
  if (place.scheme !== "file") throw new UserError("A trace can only be exported to a folder of this machine.");
  await session.settle();
  const done = await session.server.request("trace/export", { traceId, format: picked.format, path: place.fsPath });
  const choice = await window.showInformationMessage(`The trace was exported to ${done.path}.`, "Open trace");
  if (choice !== undefined) await openTrace(done.path);
}

/** After a reload nothing runs until it is needed. */
function somewhere(sessions: Sessions): Session {
  const [folder] = sessions.folders;
  if (folder === undefined) throw new UserError("Open the folder that was recorded, and export again.");
  return sessions.shown ?? sessions.of(folder);
}

async function pickTrace({ server }: Session): Promise<string | undefined> {
  const { traces } = await server.request("trace/list", { limit: 200 });
  if (traces.length === 0) throw new UserError("There is no trace on this machine yet. Start with 'Trace: Start Recording'.");
  const picked = await window.showQuickPick(traces.map(toItem), { title: "Export which trace?" });
  return picked?.traceId;
}

function toItem({ traceId, startTime, repo, events, state }: TraceSummary): TraceItem {
  return { traceId, label: repo, description: `${events} events, ${state}`, detail: `${startTime}  ${traceId}` };
}
