// Trace: Discard.
import { window } from "vscode";
import { UserError } from "../common/errors";
import type { Session } from "../session";

export async function discardTrace(session: Session): Promise<void> {
  const { traceId, events } = session.status;
  if (traceId == null) throw new UserError("There is no trace to discard.");
  const detail = `Its ${events ?? 0} events are deleted from this machine. This cannot be undone.`;
  const choice = await window.showWarningMessage("Discard this trace?", { modal: true, detail }, "Discard");
  if (choice !== "Discard") return;
  await session.server.request("trace/discard", { traceId });
  await session.forget(traceId);
}
