// The commands, one function each; an error of any of them is shown in one place.
import { commands, type Disposable } from "vscode";
import { isCancelled, showError } from "../common/errors";
import type { Session } from "../session";
import { discardTrace } from "./discard";
import { exportTrace } from "./export";
import { finalize } from "./finalize";
import { showMenu } from "./menu";
import { pause, resume } from "./pause";
import { addReasoning } from "./reason";
import { startRecording } from "./start";

const COMMANDS: Readonly<Record<string, (session: Session) => unknown>> = {
  "fixtrail.start": startRecording,
  "fixtrail.pause": pause,
  "fixtrail.resume": resume,
  "fixtrail.reason": addReasoning,
  "fixtrail.finalize": finalize,
  "fixtrail.export": exportTrace,
  "fixtrail.discard": discardTrace,
  "fixtrail.menu": showMenu,
  "fixtrail.showLog": ({ log }) => { log.show(); },
};

export function registerCommands(session: Session): Disposable[] {
  return Object.entries(COMMANDS).map(([id, run]) =>
    commands.registerCommand(id, async () => {
      try {
        await run(session);
      } catch (error) {
        if (!isCancelled(error)) void showError(session.log, error);
      }
    }),
  );
}
