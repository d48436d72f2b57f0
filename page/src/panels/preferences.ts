/** How the page speaks, measures and moves: the language, kilometres or miles, and how often people are drawn. */
import { html, type TemplateResult } from "lit-html";
import { chooseMotion, type Motion, motion } from "../device/motion";
import type { SensitivityName, Watch } from "../session/watch";
import { chooseUnits, type Units, units } from "../words/format";
import { chooseLanguage, LANGUAGES, type Language, language, languageName, say } from "../words/strings";

/** @param redraw - Called once the words of another language are there. */
export function languagePicker(redraw: () => void): TemplateResult {
  const change = (event: Event) => {
    void chooseLanguage((event.target as HTMLSelectElement).value as Language).then(redraw);
  };
  return html`<label class="picker">
    <span>${say("menu.language")}</span>
    <select @change=${change}>
      ${LANGUAGES.map(
        (code) =>
          html`<option value=${code} lang=${code} ?selected=${code === language()}>${languageName(code)}</option>`,
      )}
    </select>
  </label>`;
}

export function unitsPicker(redraw: () => void): TemplateResult {
  const choices: readonly (readonly [Units, string])[] = [
    ["metric", say("menu.kilometres")],
    ["imperial", say("menu.miles")],
  ];
  return segments("units", say("menu.units"), choices, units(), (chosen) => {
    chooseUnits(chosen);
    redraw();
  });
}

export function motionPicker(redraw: () => void): TemplateResult {
  const choices: readonly (readonly [Motion, string])[] = [
    ["sparing", say("menu.sparing")],
    ["smooth", say("menu.smooth")],
  ];
  return segments("motion", say("menu.motion"), choices, motion(), (chosen) => {
    chooseMotion(chosen);
    redraw();
  });
}

/** How soon one is asked whether all is well, and told to be behind. */
export function sensitivityPicker(watch: Watch, redraw: () => void): TemplateResult {
  const choices: readonly (readonly [SensitivityName, string])[] = [
    ["tight", say("menu.tight")],
    ["normal", say("menu.normal")],
    ["loose", say("menu.loose")],
  ];
  return segments("sensitivity", say("menu.sensitivity"), choices, watch.sensitivity, (chosen) => {
    watch.chooseSensitivity(chosen);
    redraw();
  });
}

/** A choice of one among few, all of them in sight. */
export function segments<Choice extends string>(
  name: string,
  legend: string,
  choices: readonly (readonly [Choice, string])[],
  chosen: Choice,
  choose: (choice: Choice) => void,
): TemplateResult {
  return html`<fieldset class="segmented">
    <legend>${legend}</legend>
    <div class="segments" .style=${`--choices:${choices.length}`}>
      ${choices.map(
        ([choice, label]) => html`<label>
          <input type="radio" name=${name} .checked=${choice === chosen} @change=${() => choose(choice)} />
          <span>${label}</span>
        </label>`,
      )}
    </div>
  </fieldset>`;
}
