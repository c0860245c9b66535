// Every service in one table.
import { useMemo } from "preact/hooks";
import { causesFirst, ServiceTable } from "../components/ServiceTable";
import { Loading, Trouble } from "../components/Trouble";
import { from, go, href, to } from "../live/address";
import { apiAddress, useAnswer } from "../live/answers";
import { useChosen } from "../live/chosen";
import { useTitle } from "../live/title";
import type { ServiceItem } from "../live/views";

export function Services() {
  const window = { from: from.value, to: to.value };
  const { data, problem } = useAnswer<ServiceItem[]>(apiAddress("services", window));
  const ids = useMemo(() => (data ? causesFirst(data).map((one) => one.service_name) : null), [data]);
  const chosen = useChosen(ids, (name) => go(href(["services", name])));
  useTitle("Services");
  if (!data) return problem ? <Trouble problem={problem} /> : <Loading height={500} />;
  const csv = (
    <a class="button" href={apiAddress("services", { ...window, format: "csv" })} download="services.csv">
      CSV
    </a>
  );
  return (
    <>
      <h1 class="sr">Services</h1>
      {problem && <Trouble problem={problem} stale />}
      <ServiceTable services={data} title={`${data.length} services`} controls={csv} chosen={chosen} wide />
    </>
  );
}
