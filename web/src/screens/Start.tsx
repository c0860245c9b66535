// Before the first span: what is done, what is missing, and what to paste where.
import { useState } from "preact/hooks";
import { useTitle } from "../live/title";
import type { Status } from "../live/views";
import { number, plural } from "../format";
import { CopyText } from "../components/CopyText";

const WAYS: [name: string, told: string, text: (host: string) => string][] = [
  [
    "OpenTelemetry SDK",
    "Set these where your service starts; any OpenTelemetry SDK reads them.",
    (host) => `export OTEL_EXPORTER_OTLP_ENDPOINT=http://${host}:4318
export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf
export OTEL_TRACES_EXPORTER=otlp
export OTEL_SERVICE_NAME=my-service`,
  ],
  [
    "Collector",
    "A second exporter beside the one you have; nothing else changes.",
    (host) => `exporters:
  otlp/tracetune:
    endpoint: ${host}:4317
    tls: {insecure: true}
service:
  pipelines:
    traces:
      exporters: [otlp/tracetune]  # beside those that are there`,
  ],
  [
    "Jaeger",
    "Pulls from Jaeger's query service; Jaeger stays as it is.",
    () => `export TRACETUNE_SERVE_JAEGER_URL=http://jaeger-query:16686
tracetune serve`,
  ],
  [
    "Istio",
    "The mesh's own proxies report every call; no service is changed.",
    (host) => `apiVersion: install.istio.io/v1alpha1
kind: IstioOperator
spec:
  meshConfig:
    enableTracing: true
    extensionProviders:
      - name: tracetune
        opentelemetry: {service: ${host}, port: 4317}
---
apiVersion: telemetry.istio.io/v1
kind: Telemetry
metadata: {name: tracetune, namespace: istio-system}
spec:
  tracing:
    - providers: [{name: tracetune}]
      randomSamplingPercentage: 100`,
  ],
  ["Zipkin", "Whatever reports to Zipkin can report here.", (host) => `curl -X POST http://${host}:9411/api/v2/spans -H 'Content-Type: application/json' -d @spans.json`],
  ["A file", "Traces that were exported: Jaeger, OTLP, Zipkin or OpenSearch, packed or not.", () => "tracetune analyze traces.json.gz --report report.html"],
  ["Try the demo", "A day of a shop with a slow release and a surge in it.", () => "tracetune demo --out demo"],
];

export function Start({ status }: { status: Status }) {
  const [way, choose] = useState(0);
  const host = location.hostname || "THIS-HOST";
  useTitle("Waiting for the first span");
  const spans = status.spans;
  const steps: [done: boolean, text: string][] = [
    [true, "server up"],
    [spans > 0, `spans received (${number(spans, 12)})`],
    [false, "first minute closed: charts begin"],
    [false, "30 minutes of data: first expected ranges"],
    [false, "a day of data: the daily rhythm is known"],
  ];
  const [, told, text] = WAYS[way]!;
  return (
    <section class="panel start" aria-label="First steps">
      <h1>Waiting for the first {spans ? "minute to close" : "span"} …</h1>
      <p class="quiet">{spans ? `${plural(spans, "span")} received; a minute is judged when it is over.` : listening(status)}</p>
      <ol class="checklist">
        {steps.map(([done, step]) => (
          <li key={step} class={done ? "done" : ""}>
            <span aria-hidden="true">{done ? "✓" : "○"}</span> {step}
            <span class="sr">{done ? ": done" : ": not yet"}</span>
          </li>
        ))}
      </ol>
      <div class="segmented ways" role="group" aria-label="Where your spans are">
        {WAYS.map(([name], at) => (
          <button key={name} type="button" aria-pressed={at === way} onClick={() => choose(at)}>
            {name}
          </button>
        ))}
      </div>
      <p>{told}</p>
      <CopyText text={text(host)} />
      <p class="quiet">
        Not arriving? <code>tracetune doctor --endpoint http://{host}:4318 --url {new URL(document.baseURI).href.replace(/\/$/, "")}</code> sends a span and follows it.
      </p>
    </section>
  );
}

function listening(status: Status): string {
  const addresses = Object.entries(status.details)
    .filter(([name]) => name.startsWith("receiver"))
    .map(([, address]) => address);
  return addresses.length ? `Listening on ${addresses.join(", ")}.` : "Nothing has come yet.";
}
