// Events as the daemon takes them: their type, their ids and their timestamps.
import { randomBytes } from "node:crypto";
import type { EventsParams } from "../protocol";

/** Any event an editor may send. */
export type EventIn = EventsParams["events"][number];

type Data<Type extends EventIn["event_type"]> = Extract<EventIn, { event_type: Type }>["data"];

/** RFC 3339, UTC, with milliseconds. */
export function timestamp(moment = Date.now()): string {
  return new Date(moment).toISOString();
}

/** A UUID version 7 (RFC 9562, section 5.7): sorts by time. */
export function uuid7(moment = Date.now()): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(moment, 0, 6);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x70, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/** An event of the developer's, with an id so that sending it twice stores it once. */
export function makeEvent<Type extends EventIn["event_type"]>(
  type: Type,
  data: Data<Type>,
  moment = Date.now(),
): EventIn {
  const event = { event_type: type, timestamp: timestamp(moment), data, event_id: uuid7(moment), actor: "developer" };
  return event as EventIn;
}
