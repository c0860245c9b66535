// The live pages' entry: follows the address, the keyboard and the server's stream, and shows the screen that is asked for.
import { render } from "preact";
import { Shell } from "./components/Shell";
import { Loading, Trouble } from "./components/Trouble";
import { followAddress, href, place } from "./live/address";
import { apiAddress, useAnswer } from "./live/answers";
import { followKeys } from "./live/keys";
import { followSession, mayLook, session } from "./live/session";
import { hold } from "./live/shown";
import { followStream } from "./live/stream";
import type { Status } from "./live/views";
import { Alerts } from "./screens/Alerts";
import { Data } from "./screens/Data";
import { Incident } from "./screens/Incident";
import { Login } from "./screens/Login";
import { Overview } from "./screens/Overview";
import { Scaling } from "./screens/Scaling";
import { Service } from "./screens/Service";
import { Services } from "./screens/Services";
import { Start } from "./screens/Start";
import { judged } from "./state";
import "uplot/dist/uPlot.min.css";
import "./style.css";
import "./live.css";

function Screen() {
  if (!session.value) return <Loading height={500} />;
  return mayLook.value ? <Shown /> : <Login />;
}

function Shown() {
  const { data: status, problem } = useAnswer<Status>(apiAddress(""));
  const [first = "", second] = place.value.path;
  if (!status) return problem ? <Trouble problem={problem} /> : <Loading height={500} />;
  hold(status);
  if (judged.peek() !== status.learned) judged.value = status.learned;
  if (status.start === null && first !== "data" && first !== "alerts") return <Start status={status} />;
  if (first === "") return <Overview />;
  if (first === "services") return second === undefined ? <Services /> : <Service key={second} name={second} />;
  if (first === "incidents" && second !== undefined) return <Incident key={second} id={second} />;
  if (first === "scaling") return <Scaling />;
  if (first === "data") return <Data />;
  if (first === "alerts") return <Alerts />;
  return (
    <section class="panel">
      <h1>There is no such page</h1>
      <p>
        <a href={href([])}>Overview</a>
      </p>
    </section>
  );
}

const host = document.getElementById("app");
if (host) {
  followAddress();
  followKeys();
  followSession();
  followStream();
  addEventListener("beforeprint", () => {
    for (const details of document.querySelectorAll("details")) details.open = true; // on paper nothing can be unfolded
  });
  host.replaceChildren();
  render(
    <Shell>
      <Screen />
    </Shell>,
    host,
  );
}
