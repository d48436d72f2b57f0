/** The drawn scene behind the first and the last page: a road through the hills, and riders on it. */
import { html, svg, type TemplateResult } from "lit-html";

const ROAD = "M-40 640C120 600 210 640 300 540S300 380 430 340 640 340 640 220 760 80 900 60";

const RIDERS = [
  { color: "#e5484d", initials: "AB", begin: "-3s" },
  { color: "#0b84f3", initials: "JO", begin: "-5.4s" },
  { color: "#2f9e44", initials: "MK", begin: "-7.4s" },
  { color: "#8e4ec6", initials: "SU", begin: "-10.2s" },
] as const;

export function convoy(): TemplateResult {
  return html`<svg class="scene" viewBox="0 0 800 640" preserveAspectRatio="xMidYMid slice">
    <g class="scene-contours">
      <path d="M-20 130C120 60 240 150 330 110S520 10 640 40 820 90 840 60" />
      <path d="M-20 190C120 120 240 210 340 165S530 60 650 95" />
      <path d="M-20 250C110 190 220 270 330 225S470 130 560 150" />
      <path d="M-20 320C100 265 190 335 290 290" />
      <path d="M520 640C540 560 600 500 700 500S830 470 840 440" />
      <path d="M590 640C610 590 650 560 720 555S820 540 840 520" />
      <path d="M400 640C420 540 500 440 620 430S800 410 840 370" />
    </g>
    <path class="scene-road" d=${ROAD} />
    <path class="scene-line" d=${ROAD} />
    ${RIDERS.map(
      (rider) => svg`<g class="scene-rider" .style=${`--begin:${rider.begin}`}>
        <circle r="27" fill=${rider.color} />
        <text text-anchor="middle" y="8">${rider.initials}</text>
      </g>`,
    )}
  </svg>`;
}
