// The window's title says the sentence of the screen.
import { useEffect } from "preact/hooks";

export function useTitle(text: string): void {
  useEffect(() => {
    document.title = `${text} · tracetune`;
  }, [text]);
}
