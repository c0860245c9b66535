// A block of text to paste elsewhere, with a button that copies it.
import { useState } from "preact/hooks";

export function CopyText({ text, name = "Copy" }: { text: string; name?: string }) {
  const [copied, setCopied] = useState("");
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied("Copied");
    } catch {
      setCopied("Select the text and copy it"); // a page opened from a file may not reach the clipboard
    }
  };
  return (
    <div class="copytext">
      <pre tabIndex={0}>{text}</pre>
      <button type="button" onClick={copy}>
        {name}
      </button>{" "}
      <span role="status">{copied}</span>
    </div>
  );
}
