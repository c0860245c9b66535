// Are the spans any good, and can the models be trusted?
import { useEffect, useState } from "preact/hooks";
import { Findings } from "../components/Findings";
import { Limits, Verdicts } from "../components/Made";
import { Candidates } from "../components/Candidates";
import { Empty, Panel } from "../components/Panel";
import { Receiving } from "../components/Receiving";
import { Training } from "../components/Training";
import { Loading, Trouble } from "../components/Trouble";
import type { FindingView } from "../document";
import { words } from "../format";
import { apiAddress, useAnswer } from "../live/answers";
import type { components } from "../live/api";
import { isLive } from "../live/stream";
import { useTitle } from "../live/title";

type Problems = components["schemas"]["DataProblems"];
type Models = components["schemas"]["Models"];

const AGAIN_MS = 5000;

export function Data() {
  const [asks, setAsks] = useState(0);
  const { data, problem } = useAnswer<Problems>(apiAddress("data/problems"), asks);
  const models = useAnswer<Models>(apiAddress("models"));
  useTitle("Data");
  const isLiveServer = data?.process != null;
  useEffect(() => {
    if (!isLiveServer || !isLive.value) return undefined;
    const timer = setInterval(() => setAsks((before) => before + 1), AGAIN_MS); // what came in changes between two minutes too
    return () => clearInterval(timer);
  }, [isLiveServer, isLive.value]);
  if (!data) return problem ? <Trouble problem={problem} /> : <Loading height={300} />;
  return (
    <>
      <h1 class="sr">Data</h1>
      {problem && <Trouble problem={problem} stale />}
      <Receiving data={data} />
      <Findings findings={data.problems as FindingView[]} />
      {models.data ? <ModelsPanel models={models.data} learns={isLiveServer} /> : models.problem ? <Trouble problem={models.problem} /> : <Loading />}
    </>
  );
}

function ModelsPanel({ models, learns }: { models: Models; learns: boolean }) {
  return (
    <>
      <Panel id="models" title="Models" note="which one speaks for which series, and how they did on held-back minutes">
        {learns && <Training />}
        {models.total ? (
          <>
            <Candidates summaries={models.summaries} />
            <Verdicts verdicts={models.verdicts} total={models.total} />
          </>
        ) : (
          <Empty>No model yet: too little history.</Empty>
        )}
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
