// Trace: Pause Recording and Trace: Resume Recording.
import type { Session } from "../session";

export async function pause(session: Session): Promise<void> {
  await session.settle("The recording was paused while it ran.");
  await session.server.request("trace/pause", {});
  await session.refresh();
}

export async function resume(session: Session): Promise<void> {
  await session.server.request("trace/resume", {});
  await session.refresh();
}
