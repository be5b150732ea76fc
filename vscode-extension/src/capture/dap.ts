// Messages of the debug adapter protocol, as far as they are read; an adapter may send anything.

type Fields = Readonly<Record<string, unknown>>;

export interface Message {
  readonly type?: string;
  readonly event?: string;
  readonly command?: string;
  readonly arguments?: Fields;
  readonly body?: Fields;
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null;
}

export function asMessage(raw: unknown): Message {
  if (!isFields(raw)) return {};
  const text = (key: string): string | undefined => (typeof raw[key] === "string" ? raw[key] : undefined);
  const fields = (key: string): Fields | undefined => (isFields(raw[key]) ? raw[key] : undefined);
  return {
    ...(text("type") !== undefined && { type: text("type") }),
    ...(text("event") !== undefined && { event: text("event") }),
    ...(text("command") !== undefined && { command: text("command") }),
    ...(fields("arguments") !== undefined && { arguments: fields("arguments") }),
    ...(fields("body") !== undefined && { body: fields("body") }),
  } as Message;
}

/** The exit code that an adapter reports of what it debugs; undefined: this message says nothing of it. */
export function exitCodeOf({ event, body }: Message): number | undefined {
  return event === "exited" && typeof body?.exitCode === "number" ? body.exitCode : undefined;
}

/** The place of the topmost frame in the body of a stackTrace response. */
export function placeOf(body: Fields | undefined): { file: string; line: number } | undefined {
  const frames = body?.stackFrames;
  const top: unknown = Array.isArray(frames) ? frames[0] : undefined;
  if (!isFields(top) || !isFields(top.source)) return undefined;
  const file = top.source.path;
  const line = top.line;
  if (typeof file !== "string" || typeof line !== "number" || line < 1) return undefined;
  return { file, line };
}
