// The command line of a task or of tests under the debugger, as far as its definition tells.

/** A shell's word: text, or text with a way to quote it. */
export type Word = string | { readonly value: string };

/** What a task runs: of a process its program and arguments, of a shell a line or a command and arguments. */
export interface TaskExecution {
  readonly process?: string;
  readonly commandLine?: string | undefined;
  readonly command?: Word | undefined;
  readonly args?: readonly Word[] | undefined;
}

const PLAIN = /^[\w@%+=:,./-]+$/;

/** Quote a word as a POSIX shell reads it. */
function quote(word: string): string {
  return PLAIN.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

function textOf(word: Word): string {
  return typeof word === "string" ? word : word.value;
}

export function taskCommand(execution: TaskExecution, name: string): string {
  const { process, commandLine, command, args = [] } = execution;
  if (process !== undefined) return [process, ...args.map(textOf)].map(quote).join(" ");
  if (commandLine !== undefined) return commandLine;
  // The first word of a shell task is a line of shell by itself when nothing follows it.
  if (command !== undefined) return [textOf(command), ...args.map((word) => quote(textOf(word)))].join(" ");
  return name;
}

type Configuration = Readonly<Record<string, unknown>>;

const TEST_MODULES = new Set(["pytest", "unittest", "nose2"]);
const TEST_PROGRAM = /(?:^|[\\/])(?:jest|vitest|mocha|pytest|py\.test)(?:\.[cm]?js|\.py|\.cmd|\.exe)?$/;

/** The command of a debug configuration that runs tests; undefined: it runs something else. */
export function testCommand(configuration: Configuration): string | undefined {
  const { type, mode, module, purpose } = configuration;
  const program = typeof configuration.program === "string" ? configuration.program : undefined;
  const args = Array.isArray(configuration.args) ? configuration.args.filter((word) => typeof word === "string") : [];
  const line = (...words: string[]): string => [...words, ...args].map(quote).join(" ");
  if (typeof module === "string" && TEST_MODULES.has(module)) return line("python", "-m", module);
  if (type === "go" && mode === "test") return line("go", "test", program ?? ".");
  if (program !== undefined && TEST_PROGRAM.test(program)) return line(program);
  const runner = args.find((word) => TEST_PROGRAM.test(word));
  if (program !== undefined && runner !== undefined) return line(program);
  if (Array.isArray(purpose) && purpose.includes("debug-test") && program !== undefined) return line(program);
  return undefined;
}
