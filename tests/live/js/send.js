// Sends ten traces of two spans by each exporter:  node send.js PROTO_URL JSON_URL GRPC_URL ZIPKIN_URL
const { NodeTracerProvider, BatchSpanProcessor } = require("@opentelemetry/sdk-trace-node");
const { resourceFromAttributes } = require("@opentelemetry/resources");
const { SpanKind, trace, context } = require("@opentelemetry/api");
const proto = require("@opentelemetry/exporter-trace-otlp-proto");
const json = require("@opentelemetry/exporter-trace-otlp-http");
const grpc = require("@opentelemetry/exporter-trace-otlp-grpc");
const zipkin = require("@opentelemetry/exporter-zipkin");

const [protoUrl, jsonUrl, grpcUrl, zipkinUrl] = process.argv.slice(2);
const exporters = {
  "js-proto": new proto.OTLPTraceExporter({ url: protoUrl }),
  "js-json": new json.OTLPTraceExporter({ url: jsonUrl, compression: "gzip" }),
  "js-grpc": new grpc.OTLPTraceExporter({ url: grpcUrl }),
  "js-zipkin": new zipkin.ZipkinExporter({ url: zipkinUrl }),
};

(async () => {
  for (const [name, exporter] of Object.entries(exporters)) {
    const provider = new NodeTracerProvider({
      resource: resourceFromAttributes({ "service.name": name, "service.instance.id": "pod-1" }),
      spanProcessors: [new BatchSpanProcessor(exporter)],
    });
    const tracer = provider.getTracer("test");
    for (let at = 0; at < 10; at++) {
      const parent = tracer.startSpan(`GET /${name}`, { kind: SpanKind.SERVER });
      tracer.startSpan("work", {}, trace.setSpan(context.active(), parent)).end();
      parent.end();
    }
    await provider.forceFlush();
    await provider.shutdown();
  }
})();
