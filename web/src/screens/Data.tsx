// Are the spans any good, and can the models be trusted?
import { Findings } from "../components/Findings";
import { Limits, Verdicts } from "../components/Made";
import { Empty, Panel, Scroll } from "../components/Panel";
import { Loading, Trouble } from "../components/Trouble";
import type { FindingView } from "../document";
import { bytes, plural, words } from "../format";
import { apiAddress, useAnswer } from "../live/answers";
import type { components } from "../live/api";
import { useTitle } from "../live/title";

type Problems = components["schemas"]["DataProblems"];
type Models = components["schemas"]["Models"];

export function Data() {
  const { data, problem } = useAnswer<Problems>(apiAddress("data/problems"));
  const models = useAnswer<Models>(apiAddress("models"));
  useTitle("Data");
  if (!data) return problem ? <Trouble problem={problem} /> : <Loading height={300} />;
  return (
    <>
      <h1 class="sr">Data</h1>
      {problem && <Trouble problem={problem} stale />}
      <Sources data={data} />
      <Findings findings={data.problems as FindingView[]} />
      {models.data ? <ModelsPanel models={models.data} /> : models.problem ? <Trouble problem={models.problem} /> : <Loading />}
    </>
  );
}

function Sources({ data }: { data: Problems }) {
  return (
    <Panel id="sources" title="Where spans come from" note={`${plural(data.spans, "span")}, ${plural(data.traces, "trace")}`}>
      {data.sources.length ? (
        <Scroll label="Sources">
          <table class="cards">
            <thead>
              <tr>
                <th scope="col">Source</th>
                <th scope="col">Format</th>
                <th scope="col" class="n">Spans</th>
                <th scope="col" class="n">Size</th>
                <th scope="col">Problem</th>
              </tr>
            </thead>
            <tbody>
              {data.sources.map((source) => (
                <tr key={`${source.name} ${source.format}`}>
                  <th scope="row">{source.name}</th>
                  <td data-name="format">{words(source.format)}</td>
                  <td class="n" data-name="spans">{source.spans.toLocaleString("en-GB")}</td>
                  <td class="n" data-name="size">{bytes(source.bytes_read)}</td>
                  <td class="wrap" data-name="problem">{source.error || "–"}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      ) : (
        <Empty>Nothing sends spans yet.</Empty>
      )}
    </Panel>
  );
}

function ModelsPanel({ models }: { models: Models }) {
  return (
    <>
      <Panel id="models" title="Models" note="which one speaks for which series, and how it did on held-back minutes">
        {models.total ? <Verdicts verdicts={models.verdicts} total={models.total} open /> : <Empty>No model yet: too little history.</Empty>}
        <dl class="parameters">
          {Object.entries(models.parameters).map(([name, value]) => (
            <div key={name}>
              <dt>{words(name)}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      </Panel>
      <Limits limits={models.limits} />
    </>
  );
}
