// Trace: Set Key.
import { window } from "vscode";
import { hasKey, KEYS, removeKey, storeKey } from "../common/keys";
import type { Sessions } from "../sessions";

export async function setKey({ context: { secrets } }: Sessions): Promise<void> {
  const items = await Promise.all(
    KEYS.map(async (key) => ({ key, label: key.label, description: (await hasKey(secrets, key)) ? "stored" : "not stored" })),
  );
  const picked = await window.showQuickPick(items, { title: "Which key?" });
  if (picked === undefined) return;
  const value = await window.showInputBox({
    title: picked.label,
    prompt: "Kept in the editor's secret storage, and given to the daemon only. Leave it empty to remove the key.",
    password: true,
    ignoreFocusOut: true,
    validateInput: (text) => (/^[\x21-\x7e]*$/.test(text.trim()) ? undefined : "A key has no spaces and no special characters in it."),
  });
  if (value === undefined) return;
  if (value.trim() === "") {
    const had = await removeKey(secrets, picked.key);
    window.setStatusBarMessage(had ? `$(check) ${picked.label}: removed` : `${picked.label}: there was none`, 4_000);
  } else {
    await storeKey(secrets, picked.key, value.trim());
    window.setStatusBarMessage(`$(check) ${picked.label}: stored`, 4_000);
  }
}
