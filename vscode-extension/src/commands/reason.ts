// Trace: Add Reasoning Step.
import { window, type QuickPickItem } from "vscode";
import { timestamp } from "../common/events";
import { asksReasoningKind } from "../common/settings";
import type { ReasonParams } from "../protocol";
import type { Session } from "../session";

type Kind = NonNullable<ReasonParams["kind"]>;

interface KindItem extends QuickPickItem {
  readonly value: Kind | null;
}

const KINDS: readonly KindItem[] = [
  { value: "hypothesis", label: "Hypothesis", description: "what may be the cause" },
  { value: "observation", label: "Observation", description: "what you saw" },
  { value: "decision", label: "Decision", description: "what you will do, and why" },
  { value: "check", label: "Check", description: "how you made sure" },
  { value: null, label: "None of these" },
];

export async function addReasoning(session: Session): Promise<void> {
  const began = timestamp(); // the thought is as old as the question, not as the answer
  const content = await window.showInputBox({
    title: "Add Reasoning Step",
    prompt: "What do you think, and why? It becomes part of the trace.",
    placeHolder: "The tax is added before the discount, so …",
    ignoreFocusOut: true,
    validateInput: (value) => (value.trim() === "" ? "Write a few words, or press Esc." : undefined),
  });
  if (content === undefined) return;
  let kind: Kind | null = null;
  if (asksReasoningKind(session.folder)) {
    const picked = await window.showQuickPick(KINDS, { title: "What kind of step is it?", ignoreFocusOut: true });
    if (picked === undefined) return;
    kind = picked.value;
  }
  await session.server.request("trace/reason", { content: content.trim(), timestamp: began, ...(kind !== null && { kind }) });
  window.setStatusBarMessage("$(check) Reasoning step recorded", 4_000);
}
