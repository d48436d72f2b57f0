// Weighs again when the reader moves a weight: the weighted geometric mean of the ratios, as weights.py has it.
const recommendation = document.getElementById("recommendation");

function weigh() {
  let sum = 0;
  let measured = 0;
  let total = 0;
  for (const [name, ratio] of Object.entries(given.ratios)) {
    const input = document.getElementById(name);
    const weight = Number(input.value);
    input.nextElementSibling.value = String(weight);
    total += weight;
    if (ratio !== null) {
      measured += weight;
      sum += weight * Math.log(ratio);
    }
  }
  const mean = measured > 0 ? sum / measured : 0;
  const missing = total > 0 ? 1 - measured / total : 1;
  const left = missing > 0 ? ` Nothing was measured for ${Math.round(missing * 100)}% of the weight, which was left out.` : "";
  if (measured === 0) {
    recommendation.textContent = "Nothing was measured that the weights are about, so nothing is recommended.";
  } else if (Math.abs(mean) <= Math.log(1 + given.noise)) {
    recommendation.textContent = `By these weights the two are alike, within ${Math.round(given.noise * 100)}%.${left}`;
  } else {
    const better = given.backends[mean > 0 ? 0 : 1];
    recommendation.textContent = `By these weights ${better} is better, ${Math.exp(Math.abs(mean)).toFixed(2)} times over all.${left}`;
  }
}

for (const input of document.querySelectorAll('input[type="range"]')) {
  input.addEventListener("input", weigh);
}
