/** A question that must be answered before something that cannot be undone. */
import { say } from "../words/strings";

interface Question {
  readonly title: string;
  readonly text: string;
  readonly action: string;
}

/** Asks; true when the action was chosen. Escape and a tap beside the question mean no. */
export function ask(question: Question): Promise<boolean> {
  const dialog = document.createElement("dialog");
  dialog.className = "question";
  dialog.setAttribute("aria-labelledby", "question-title");
  const title = document.createElement("h2");
  title.id = "question-title";
  title.textContent = question.title;
  const text = document.createElement("p");
  text.textContent = question.text;
  const actions = document.createElement("div");
  actions.className = "question-actions";
  actions.append(choice(say("menu.cancel"), "no", "button"), choice(question.action, "yes", "button is-danger"));
  dialog.append(title, text, actions);
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close("no");
  });
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    function answer(event: Event): void {
      const value = (event.target as HTMLElement).closest("button")?.value;
      if (value) dialog.close(value);
    }
    actions.addEventListener("click", answer);
  });
}

function choice(label: string, value: string, className: string): HTMLButtonElement {
  const button = document.createElement("button");
  button.type = "button";
  button.className = className;
  button.value = value;
  button.textContent = label;
  return button;
}
