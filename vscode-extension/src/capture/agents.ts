// Whether a coding agent runs a command, and not the developer: known by the name of its program or of its terminal.

const AGENTS = new Set([
  "aider", "amp", "claude", "codex", "copilot", "crush", "cursor-agent", "droid", "gemini", "goose", "opencode", "qwen",
]);

/** `command` is a command line as the shell integration tells it. */
export function isAgent(terminal: string, command: string): boolean {
  const words = command.trim().split(/\s+/).filter((word) => !/^\w+=/.test(word));
  const program = words[0] === "npx" || words[0] === "uvx" ? words.find((word, place) => place > 0 && !word.startsWith("-")) : words[0];
  return AGENTS.has(nameOf(program ?? "")) || AGENTS.has(terminal.trim().toLowerCase());
}

function nameOf(program: string): string {
  const last = program.split(/[\\/]/).at(-1) ?? "";
  return last.replace(/@.*$/, "").replace(/\.(exe|cmd)$/i, "").toLowerCase();
}
