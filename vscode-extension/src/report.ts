// Shows a finalized trace: its document in an editor, its report in a panel.
import { readFile } from "node:fs/promises";
import { Uri, ViewColumn, window } from "vscode";

export async function openTrace(path: string): Promise<void> {
  await window.showTextDocument(Uri.file(path), { preview: true });
}

/** In a panel, as in a remote window a file of that machine cannot be opened in the browser of this one. */
export async function openReport(path: string): Promise<void> {
  const html = await readFile(path, "utf8");
  const options = { enableScripts: false, enableForms: false, localResourceRoots: [] };
  const panel = window.createWebviewPanel("fixtrail.report", "fixtrail report", ViewColumn.Active, options);
  panel.webview.html = html;
}
