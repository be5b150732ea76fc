// What a person does in VS Code and sees of it. Each action returns when the editor shows that it is done.
import type { Browser, Locator, Page } from "playwright-core";
import { chromium } from "playwright-core";

const CHROMIUM_ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--disable-dev-shm-usage",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Long enough for a loaded machine: no action waits for it when all is well. */
const PATIENCE = 60_000;

/** The prompt of the test's shell. */
const PROMPT = "$";

export class Workbench {
  readonly #browser: Browser;
  readonly #page: Page;

  private constructor(browser: Browser, page: Page) {
    this.#browser = browser;
    this.#page = page;
  }

  static async launch(executablePath: string): Promise<Workbench> {
    const browser = await chromium.launch({ executablePath, args: CHROMIUM_ARGUMENTS });
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    page.setDefaultTimeout(PATIENCE);
    return new Workbench(browser, page);
  }

  /** Open a folder and wait until the extension is there. */
  async open(url: string): Promise<void> {
    await this.#page.goto(url);
    await this.#statusItem().waitFor();
  }

  /** Reload the window; returns when the extension is there again. */
  async reloadWindow(): Promise<void> {
    const loaded = this.#page.waitForEvent("load");
    await this.runCommand("Developer: Reload Window");
    await loaded;
    await this.#statusItem().waitFor();
  }

  /** Wait until the status bar item's text matches, and return it. */
  async waitForStatus(pattern: string): Promise<string> {
    const item = this.#statusItem().filter({ hasText: new RegExp(pattern) });
    await item.waitFor();
    return (await item.innerText()).trim();
  }

  /** Run a command by its full title. */
  async runCommand(title: string): Promise<void> {
    await this.#choose(`>${title}`, title);
  }

  /** Titles of the commands that are offered for a beginning of a title. */
  async offeredCommands(beginning: string): Promise<string[]> {
    await this.#ask(`>${beginning}`);
    const rows = this.#rows();
    await rows.first().waitFor();
    const labels = await rows.evaluateAll((all) => all.map((row) => row.getAttribute("aria-label") ?? ""));
    await this.#page.keyboard.press("Escape");
    await this.#quickInput().waitFor({ state: "hidden" });
    return labels.map((label) => label.split(",")[0] ?? "").filter((label) => label.startsWith(beginning));
  }

  /** In the picker that is open, tick these entries, or untick them. Returns what was ticked before. */
  async tick(title: string, labels: readonly string[]): Promise<string[]> {
    const picker = this.#quickInput();
    await picker.getByText(title).waitFor();
    const before = await picker.locator('.monaco-list-row [role="checkbox"][aria-checked="true"]').evaluateAll((all) =>
      all.map((box) => box.getAttribute("aria-label") ?? ""),
    );
    for (const label of labels) {
      const box = picker.locator(".monaco-list-row").getByRole("checkbox", { name: label, exact: true });
      const ticked = (await box.getAttribute("aria-checked")) === "true";
      await box.click();
      await box.and(this.#page.locator(`[aria-checked="${String(!ticked)}"]`)).waitFor();
    }
    return before;
  }

  /** Press OK in the picker that is open. */
  async confirm(): Promise<void> {
    await this.#quickInput().getByRole("button", { name: "OK", exact: true }).click();
    await this.#quickInput().waitFor({ state: "hidden" });
  }

  /** Confirm what the input box that is open offers. */
  async accept(title: string): Promise<void> {
    await this.#quickInput().getByText(title).first().waitFor();
    await this.confirm();
  }

  /** Take the entry with this label in the picker that is open. */
  async pick(label: string): Promise<void> {
    await this.#entry(label).click();
  }

  /** Close the picker or input box that is open, as a person who thinks better of it. */
  async escape(): Promise<void> {
    await this.#page.keyboard.press("Escape");
    await this.#quickInput().waitFor({ state: "hidden" });
  }

  /** Type into the input box that is open, and confirm. */
  async enter(title: string, text: string): Promise<void> {
    const question = this.#quickInput().getByText(title).first();
    await question.waitFor();
    await this.#quickInput().locator("input.input").fill(text);
    await this.#page.keyboard.press("Enter");
    await question.waitFor({ state: "hidden" });
  }

  async openFile(name: string): Promise<void> {
    await this.#ask(name);
    // In a window of several folders the folder's name follows.
    await this.#entry(name).or(this.#rows().and(this.#page.locator(`[aria-label^="${name} "]`))).first().click();
    await this.#tab(name).and(this.#page.locator(".active")).waitFor();
    await this.#page.locator(".editor-instance .view-line").first().waitFor();
  }

  /** Type a line anew in the file that is open, as a person does: go there, select it, write over it. */
  async replaceLine(name: string, line: number, text: string): Promise<void> {
    await this.#tab(name).click();
    const input = this.#quickInput().locator("input.input");
    for (let attempt = 0; !(await input.isVisible()) && attempt < 10; attempt += 1) {
      await this.#page.keyboard.press("Control+g"); // lost while the focus is still on its way from the terminal
      await input.waitFor({ timeout: 3_000 }).catch(() => undefined);
    }
    await input.fill(`:${line}`);
    await this.#page.keyboard.press("Enter");
    await this.#quickInput().waitFor({ state: "hidden" });
    await this.#page.keyboard.press("End");
    await this.#page.keyboard.press("Shift+Home");
    await this.#page.keyboard.press("Shift+Home"); // the first stops at the indentation
    await this.#page.keyboard.type(text, { delay: 5 });
    await this.#tab(name).and(this.#page.locator(".dirty")).waitFor();
  }

  async save(name: string): Promise<void> {
    await this.#tab(name).click();
    await this.#page.keyboard.press("Control+s");
    await this.#tab(name).and(this.#page.locator(":not(.dirty)")).waitFor();
  }

  /** Open a terminal and wait for the prompt of a shell that VS Code follows. */
  async openTerminal(): Promise<void> {
    await this.runCommand("Terminal: Create New Terminal");
    await this.waitForPrompt();
    // The mark beside the prompt: shell integration works.
    await this.#page.locator(".terminal-wrapper.active .terminal-command-decoration").first().waitFor({ state: "attached" });
  }

  /** Wait until the terminal has its prompt: for the one a window brings back when it reloads. */
  async waitForPrompt(): Promise<void> {
    await this.#waitForLastLine(PROMPT);
  }

  /** Run a command in the terminal, and wait until the prompt is back. */
  async runInTerminal(command: string): Promise<void> {
    await this.typeInTerminal(command);
    await this.waitForPrompt();
  }

  /** Type a command into the terminal, and do not wait until it ends. */
  async typeInTerminal(command: string): Promise<void> {
    await this.#page.locator(".terminal-wrapper.active .xterm-screen").click();
    await this.#page.keyboard.type(command, { delay: 5 });
    await this.#waitForLastLine(`${PROMPT} ${command}`);
    await this.#page.keyboard.press("Enter");
  }

  /** Wait for a notification and return its text. An error in its place fails at once. */
  async notification(containing: string): Promise<string> {
    const toast = this.#toast(containing);
    const failure = this.#page.locator(".notification-toast", { has: this.#page.locator(".codicon-error") });
    await toast.or(failure).first().waitFor();
    const shown = (await toast.count()) > 0 ? toast : failure;
    const text = await shown.first().locator(".notification-list-item-message").innerText();
    if (shown === failure) throw new Error(`an error is shown instead of '${containing}': ${text}`);
    return text;
  }

  async answer(containing: string, button: string): Promise<void> {
    await this.#toast(containing).getByRole("button", { name: button, exact: true }).click();
  }

  /** Press a button of the modal dialog that is open. */
  async answerDialog(containing: string, button: string): Promise<void> {
    const dialog = this.#page.locator(".monaco-dialog-box", { hasText: containing });
    await dialog.getByRole("button", { name: button, exact: true }).click();
    await dialog.waitFor({ state: "hidden" });
  }

  /** Wait for an editor tab with this title. */
  async waitForTab(title: string): Promise<void> {
    await this.#tab(title).waitFor();
  }

  /** The text of the webview panel that is open, once it holds `containing`. */
  async webviewText(containing: string): Promise<string> {
    const body = this.#page.frameLocator("iframe.webview.ready").frameLocator("#active-frame").locator("body");
    await body.filter({ hasText: containing }).waitFor();
    return body.innerText();
  }

  async screenshot(path: string): Promise<void> {
    await this.#page.screenshot({ path });
  }

  /** What is to be seen now, for a report of a failure. */
  async describe(): Promise<Record<string, string[]>> {
    const texts = async (selector: string): Promise<string[]> => this.#page.locator(selector).allInnerTexts();
    return {
      status: await texts(".statusbar-item"),
      notifications: await texts(".notification-list-item-message"),
      terminal: await texts(".terminal-wrapper.active .xterm-rows"),
    };
  }

  async close(): Promise<void> {
    await this.#browser.close();
  }

  #statusItem(): Locator {
    return this.#page.locator(".statusbar-item[id*='fixtrail']");
  }

  #quickInput(): Locator {
    return this.#page.locator(".quick-input-widget");
  }

  #rows(): Locator {
    return this.#quickInput().locator(".quick-input-list .monaco-list-row");
  }

  async #waitForLastLine(wanted: string): Promise<void> {
    const isThere = ([selector = "", text]: string[]): boolean => {
      const lines = [...document.querySelectorAll(selector)].map((row) => (row.textContent ?? "").replaceAll("\u00a0", " ").trimEnd());
      return lines.findLast((line) => line !== "") === text;
    };
    await this.#page.waitForFunction(isThere, [".terminal-wrapper.active .xterm-rows > div", wanted]);
  }

  #tab(name: string): Locator {
    return this.#page.locator(`.tabs-container .tab[data-resource-name="${name}"]`);
  }

  #toast(containing: string): Locator {
    return this.#page.locator(".notification-toast", { hasText: containing });
  }

  #entry(label: string): Locator {
    return this.#quickInput()
      .locator(`.quick-input-list .monaco-list-row:is([aria-label="${label}"], [aria-label^="${label}, "])`)
      .first();
  }

  async #ask(text: string): Promise<void> {
    const input = this.#quickInput().locator("input.input");
    for (let attempt = 0; !(await input.isVisible()) && attempt < 10; attempt += 1) {
      await this.#page.keyboard.press("F1"); // lost when what has the focus is just being replaced
      await input.waitFor({ timeout: 3_000 }).catch(() => undefined);
    }
    await input.fill(text);
  }

  /** Filter the palette and take the entry with this label: not the first one, it may be of an older filter. */
  async #choose(filter: string, label: string): Promise<void> {
    await this.#ask(filter);
    await this.#entry(label).click();
  }
}
