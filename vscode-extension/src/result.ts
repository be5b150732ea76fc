// The result of a finalized trace in words.
import type { QaResults } from "./protocol";

type Verdict = NonNullable<QaResults["tests"]>["verdict"];
type ReasoningStatus = NonNullable<QaResults["reasoning"]>["status"];

const VERDICTS: Readonly<Record<Verdict, string>> = {
  passed: "Tests passed.",
  failed: "Tests failed.",
  timeout: "Tests ran out of time.",
  oom: "Tests ran out of memory.",
  infra_error: "Tests could not be run.",
  no_tests: "No tests were found.",
  flaky: "Tests are flaky.",
  unknown: "It is not known how the tests ended.",
};

const REASONING: Readonly<Record<Exclude<ReasoningStatus, "scored">, string>> = {
  not_configured: "Reasoning not scored: no judge is set up.",
  no_consent: "Reasoning not scored: you did not allow a judge.",
  no_reasoning: "Reasoning not scored: no reasoning step was recorded.",
  abstained: "Reasoning not scored: the judge abstained.",
  unauthorized: "Reasoning not scored: the judge refused the key.",
  model_not_found: "Reasoning not scored: the judge does not know the model.",
  rate_limited: "Reasoning not scored: the judge is rate limited.",
  server_error: "Reasoning not scored: the judge had an error.",
  unreachable: "Reasoning not scored: the judge could not be reached.",
  timeout: "Reasoning not scored: the judge took too long.",
  truncated: "Reasoning not scored: the judge's answer was cut short.",
  refused: "Reasoning not scored: the judge refused.",
  filtered: "Reasoning not scored: the judge's answer was filtered.",
  invalid_response: "Reasoning not scored: the judge's answer could not be read.",
  cancelled: "Reasoning not scored: it was cancelled.",
};

/** One or two sentences; `good` when there is nothing to look into. */
export function summarize({ tests, tests_passed: passed, reasoning, reasoning_score: score }: QaResults): {
  readonly text: string;
  readonly good: boolean;
} {
  return { text: `${testsInWords(tests, passed)} ${reasoningInWords(reasoning, score)}`, good: passed === true };
}

function testsInWords(tests: QaResults["tests"], passed: QaResults["tests_passed"]): string {
  if (tests == null) return passed == null ? "Tests were not run." : VERDICTS[passed ? "passed" : "failed"];
  const { verdict, reason, exit_code: exit, failed, errors } = tests;
  if (verdict === "failed" && (failed ?? 0) + (errors ?? 0) > 0) return `Tests failed: ${(failed ?? 0) + (errors ?? 0)}.`;
  if (verdict === "failed" && exit != null) return `Tests failed with exit code ${exit}.`;
  return reason && verdict !== "passed" ? `${VERDICTS[verdict]} ${reason}` : VERDICTS[verdict];
}

function reasoningInWords(reasoning: QaResults["reasoning"], score: QaResults["reasoning_score"]): string {
  if (score != null) return `Reasoning scored ${score.toFixed(1)} of 5.`;
  if (reasoning == null || reasoning.status === "scored") return "Reasoning not scored.";
  return REASONING[reasoning.status];
}
