/** The waypoints of a GPX file, of any version and namespace; see `waypoints.ts`. */
import type { Collected } from "./waypoints";
import { scanXml, type XmlHandler } from "./xml_scanner";

const TEXTS = ["name", "desc", "cmt", "type", "sym"] as const;
type Text = (typeof TEXTS)[number];

/** Adds what a file's text says; tracks and routes are ways, and no waypoints. */
export function readGpx(text: string, collected: Collected): void {
  const reader = new GpxReader(collected);
  scanXml(text, reader);
  reader.end();
}

class GpxReader implements XmlHandler {
  private within: string[] = [];
  private attributes: ReadonlyMap<string, string> | null = null;
  private texts = new Map<Text, string>();
  /** Of the waypoint that is open something cannot be read. */
  private isBroken = false;
  private isGpx = false;

  constructor(private readonly collected: Collected) {}

  open(name: string, attributes: ReadonlyMap<string, string>): void {
    if (name === "wpt") this.begin(attributes, false);
    else if (this.attributes) this.within.push(name);
    else if (name === "trk" || name === "rte") {
      this.isGpx = true;
      this.collected.leaveOut("lines");
    } else if (name === "gpx") this.isGpx = true;
  }

  close(name: string): void {
    if (!this.attributes) return;
    if (name === "wpt") {
      this.isBroken ||= this.within.length > 0;
      this.finish();
    } else if (this.within.pop() !== name) this.isBroken = true;
  }

  text(text: string): void {
    const [name, ...deeper] = this.within;
    const known = TEXTS.find((one) => one === name);
    if (known && deeper.length === 0) this.texts.set(known, (this.texts.get(known) ?? "") + text);
  }

  broken(name: string | null): void {
    if (name === "wpt") this.begin(new Map(), true);
    else this.isBroken = true;
  }

  /** The file is over: a waypoint that is still open lacks its end. */
  end(): void {
    this.abandon();
    if (!this.isGpx && this.collected.waypoints.length === 0) this.collected.leaveOut("unreadable");
  }

  private begin(attributes: ReadonlyMap<string, string>, isBroken: boolean): void {
    this.abandon();
    this.isGpx = true;
    this.attributes = attributes;
    this.within = [];
    this.texts = new Map();
    this.isBroken = isBroken;
  }

  private abandon(): void {
    if (!this.attributes) return;
    this.isBroken = true;
    this.finish();
  }

  private finish(): void {
    const { attributes, texts } = this;
    this.attributes = null;
    if (this.isBroken) this.collected.leaveOut("unreadable");
    else
      this.collected.add({
        lat: attributes?.get("lat"),
        lon: attributes?.get("lon"),
        name: texts.get("name"),
        note: texts.get("desc") ?? texts.get("cmt"),
        kinds: [texts.get("type"), texts.get("sym")],
      });
  }
}
