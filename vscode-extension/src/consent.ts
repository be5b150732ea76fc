// Asks, in plain words, what may be recorded. Nothing is ticked that this person did not tick before in this workspace.
import { window, type Memento, type QuickPickItem } from "vscode";
import type { Consent, ConsentParams } from "./protocol";

type ConsentClass = keyof ConsentParams;

interface ConsentItem extends QuickPickItem {
  readonly name: ConsentClass;
}

const REMEMBERED = "fixtrail.consent";

// One line each: the picker cuts off what is longer than about 75 characters.
const ITEMS: readonly ConsentItem[] = [
  {
    name: "code",
    label: "Code",
    detail: "The text of your edits, as diffs. Else only file names and line counts.",
  },
  {
    name: "terminalOutput",
    label: "Terminal output",
    detail: "What commands print. Commands and exit codes are always recorded.",
  },
  {
    name: "fileViews",
    label: "File views",
    detail: "Which files you look at, and when you leave them.",
  },
  {
    name: "judge",
    label: "Judge",
    detail: "A language model, maybe on another machine, may read and score the trace.",
  },
  {
    name: "upload",
    label: "Upload",
    detail: "The finished trace may be sent to a collector, only when you ask for it.",
  },
];

/**
 * What was ticked, or undefined when the question was closed: then nothing may start, and nothing changes.
 * `now` is what is allowed in a recording that runs.
 */
export async function askConsent(memory: Memento, now?: Consent): Promise<ConsentParams | undefined> {
  const before = now === undefined ? memory.get<readonly ConsentClass[]>(REMEMBERED, []) : ITEMS.map(({ name }) => name).filter((name) => isGiven(now, name));
  const pick = window.createQuickPick<ConsentItem>();
  pick.title = now === undefined ? "Start recording: what do you allow?" : "From now on: what do you allow?";
  pick.placeholder = `Tick what you allow, then press Enter. Esc ${now === undefined ? "starts" : "changes"} nothing.`;
  pick.canSelectMany = true;
  pick.ignoreFocusOut = true;
  pick.items = ITEMS;
  pick.selectedItems = ITEMS.filter(({ name }) => before.includes(name));
  const ticked = await new Promise<readonly ConsentClass[] | undefined>((resolve) => {
    pick.onDidAccept(() => { resolve(pick.selectedItems.map(({ name }) => name)); });
    pick.onDidHide(() => { resolve(undefined); });
    pick.show();
  });
  pick.dispose();
  if (ticked === undefined) return undefined;
  await memory.update(REMEMBERED, ticked);
  return Object.fromEntries(ITEMS.map(({ name }) => [name, ticked.includes(name)]));
}

function isGiven(consent: Consent, name: ConsentClass): boolean {
  const given: Readonly<Record<ConsentClass, boolean | undefined>> = {
    code: consent.code,
    terminalOutput: consent.terminal_output,
    fileViews: consent.file_views,
    judge: consent.judge,
    upload: consent.upload,
  };
  return given[name] === true;
}
