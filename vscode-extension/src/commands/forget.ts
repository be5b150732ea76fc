// Trace: Forget the Last Minutes: the panic button.
import { window, type QuickPickItem } from "vscode";
import { timestamp } from "../common/events";
import type { Session } from "../session";

interface SpanItem extends QuickPickItem {
  /** Undefined: everything of the trace. */
  readonly minutes: number | undefined;
}

const SPANS: readonly SpanItem[] = [
  { minutes: 1, label: "The last minute" },
  { minutes: 5, label: "The last 5 minutes" },
  { minutes: 15, label: "The last 15 minutes" },
  { minutes: 60, label: "The last hour" },
  { minutes: undefined, label: "Everything", description: "of this trace, which stays open" },
];
/** How long, in milliseconds, to wait for events that are on their way. */
const SETTLE = 5_000;

export async function forget(session: Session): Promise<void> {
  const asked = Date.now(); // not of what is done while the list is open
  const picked = await window.showQuickPick(SPANS, { title: "Forget what was recorded", placeHolder: "It is deleted for good." });
  const traceId = session.status.traceId;
  if (picked === undefined || traceId == null) return;
  const since = picked.minutes === undefined ? timestamp(0) : timestamp(asked - picked.minutes * 60_000);
  await session.settle();
  await session.outbox.settle(traceId, SETTLE);
  // What the daemon could not take goes here first: it must not reach it afterwards.
  const kept = session.outbox.forget(traceId, since);
  const { deleted } = await session.server.request("trace/deleteEvents", { traceId, since });
  await session.refresh();
  const count = kept + deleted;
  void window.showInformationMessage(count === 1 ? "1 event was deleted." : `${count} events were deleted.`);
}
