// The commands, one function each; an error of any of them is shown in one place.
import { commands, type Disposable } from "vscode";
import { isCancelled, showError, UserError } from "../common/errors";
import type { Session } from "../session";
import type { Sessions, State } from "../sessions";
import { changeConsent } from "./consent";
import { discardTrace } from "./discard";
import { exportTrace } from "./export";
import { finalize } from "./finalize";
import { forget } from "./forget";
import { showMenu } from "./menu";
import { setKey } from "./key";
import { pause, resume } from "./pause";
import { addReasoning } from "./reason";
import { startRecording } from "./start";

type Run = (sessions: Sessions, target: unknown) => unknown;

const COMMANDS: Readonly<Record<string, Run>> = {
  "fixtrail.start": startRecording,
  "fixtrail.pause": on(["recording"], pause),
  "fixtrail.resume": on(["paused"], resume),
  "fixtrail.reason": on(["recording"], addReasoning),
  "fixtrail.forget": on(["recording", "paused"], forget),
  "fixtrail.consent": on(["recording", "paused"], changeConsent),
  "fixtrail.finalize": on(["recording", "paused"], finalize),
  "fixtrail.export": exportTrace,
  "fixtrail.discard": on(["recording", "paused", "finalized"], discardTrace),
  "fixtrail.setKey": setKey,
  "fixtrail.menu": showMenu,
  "fixtrail.showLog": ({ log }) => { log.show(); },
};

/** A command on one trace in one of these states. Another one may name the folder it means. */
function on(states: readonly State[], run: (session: Session) => unknown): Run {
  return async (sessions, target) => {
    const found = sessions.candidates(states, target);
    if (found.length === 0) throw new UserError("There is no recording to do that with. Start with 'Trace: Start Recording'.");
    const session = await sessions.choose(found);
    if (session !== undefined) await run(session);
  };
}

export function registerCommands(sessions: Sessions): Disposable[] {
  return Object.entries(COMMANDS).map(([id, run]) =>
    commands.registerCommand(id, async (target: unknown) => {
      try {
        await run(sessions, target);
      } catch (error) {
        if (!isCancelled(error)) void showError(sessions.log, error);
      }
    }),
  );
}
