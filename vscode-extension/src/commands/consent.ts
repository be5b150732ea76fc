// Trace: Change What Is Allowed.
import { window } from "vscode";
import { askConsent } from "../consent";
import type { Session } from "../session";

export async function changeConsent(session: Session): Promise<void> {
  const { traceId, consent } = session.status;
  if (traceId == null) return;
  const wanted = await askConsent(session.context.workspaceState, consent ?? {});
  if (wanted === undefined) return;
  await session.settle();
  await session.server.request("trace/setConsent", { traceId, consent: wanted });
  await session.refresh();
  window.setStatusBarMessage("$(check) What is recorded was changed", 4_000);
}
