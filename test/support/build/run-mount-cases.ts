/**
 * Lines of a Dockerfile, by what they are about. What their commands see, they write to `out`, wherever that user may.
 */
export type MountCases = Readonly<Record<string, string>>;

const seen = "/run/secrets/token >/out && cat /run/secrets/token >>/out";

export const secretCases: MountCases = {
  "by its id": `RUN --mount=type=secret,id=token stat -c '%a %u %g' ${seen}`,
  "by its source": `RUN --mount=type=secret,source=token cat ${seen}`,
  "by an id with folders": "RUN --mount=type=secret,id=some/token cat /run/secrets/token >/out",
  "with an owner and a mode": `RUN --mount=type=secret,id=token,uid=7,gid=8,mode=0440 stat -c '%a %u %g' ${seen}`,
  "for the user of the step": "USER 7\nRUN --mount=type=secret,id=token,uid=7 cat /run/secrets/token >/tmp/out",
  "kept from the user of the step":
    "USER 7\nRUN --mount=type=secret,id=token cat /run/secrets/token >/tmp/out 2>&1 || true",
  "at a target": "RUN --mount=type=secret,id=token,target=/etc/deep/er/token cat /etc/deep/er/token >/out",
  "at a target below the working folder":
    "WORKDIR /w\nRUN --mount=type=secret,id=token,target=name cat /w/name >/w/out",
  "by the name of its target": "RUN --mount=type=secret,target=/etc/token cat /etc/token >/out",
  "as a variable":
    'RUN --mount=type=secret,id=token,env=TOKEN echo "$TOKEN" >/out; ls /run/secrets >>/out 2>/dev/null || true',
  "as a variable and a file": 'RUN --mount=type=secret,id=token,env=T,target=/t echo "$T" >/out && cat /t >>/out',
  "that is required and there": "RUN --mount=type=secret,id=token,required cat /run/secrets/token >/out",
  "that is not there": "RUN --mount=type=secret,id=none ls /run/secrets >/out 2>/dev/null || true",
  "that is not there, as a variable": "RUN --mount=type=secret,id=none,env=NONE env | grep NONE >/out",
  "that the step would write":
    "RUN --mount=type=secret,id=token (echo x >/run/secrets/token) 2>/dev/null && echo yes >/out || echo no >/out",
};

export const cacheCases: MountCases = {
  "as it begins": "RUN --mount=type=cache,target=/c stat -c '%a %u %g' /c >/out && ls -A /c >>/out",
  "with an owner and a mode":
    "RUN --mount=type=cache,id=owned,target=/c,uid=7,gid=8,mode=0710 stat -c '%a %u %g' /c >/out",
  "for the user of the step": "USER 7\nRUN --mount=type=cache,id=user,target=/c,uid=7 touch /c/a && ls /c >/tmp/out",
  "by one id at two targets":
    "RUN --mount=type=cache,id=two,target=/a echo 1 >/a/x\nRUN --mount=type=cache,id=two,target=/b cat /b/x >/out",
  "by its target":
    "RUN --mount=type=cache,target=/t1 echo 1 >/t1/x\nRUN --mount=type=cache,target=/t1 --mount=type=cache,target=/t2 ls /t1 /t2 >/out",
  "by an id that is another's target":
    "RUN --mount=type=cache,target=/t3 echo 1 >/t3/x\nRUN --mount=type=cache,id=/t3,target=/t4 ls /t4 >/out",
  "with what a stage has":
    "RUN --mount=type=cache,id=from,from=one,source=/d,target=/c cat /c/f >/out && echo 2 >/c/f && echo 3 >/c/g",
  "with what a stage has, the second time":
    "RUN --mount=type=cache,id=again,from=one,source=/d,target=/c echo 2 >/c/f\nRUN --mount=type=cache,id=again,from=one,source=/d,target=/c cat /c/f >/out",
  "read only": "RUN --mount=type=cache,id=ro,target=/c,ro (touch /c/a) 2>/dev/null && echo yes >/out || echo no >/out",
  "locked, twice in a step":
    "RUN --mount=type=cache,id=l,target=/a,sharing=locked --mount=type=cache,id=l,target=/b,sharing=locked touch /a/x && ls /b >/out",
  "private, one step after the other":
    "RUN --mount=type=cache,id=p,target=/c,sharing=private touch /c/x\nRUN --mount=type=cache,id=p,target=/c,sharing=private ls /c >/out",
};

const fits = "(head -c 900000 /dev/zero >/t/a) 2>/dev/null && echo yes >/out || echo no >/out";
const isTooMuch = "(head -c 2000000 /dev/zero >/t/a) 2>/dev/null && echo yes >/out || echo no >/out";

export const tmpfsCases: MountCases = {
  "as it begins":
    "RUN --mount=type=tmpfs,target=/t stat -c '%a %u %g' /t >/out && df /t | tail -1 | cut -d' ' -f1 >>/out",
  "with a size": "RUN --mount=type=tmpfs,target=/t,size=1048576 df -k /t | tail -1 | awk '{print $2}' >/out",
  "with a size in megabytes": "RUN --mount=type=tmpfs,target=/t,size=3m df -k /t | tail -1 | awk '{print $2}' >/out",
  "with room for what fits": `RUN --mount=type=tmpfs,target=/t,size=1m ${fits}`,
  "with no room for more": `RUN --mount=type=tmpfs,target=/t,size=1m ${isTooMuch}`,
  "over what the image has":
    "RUN mkdir /t && touch /t/a\nRUN --mount=type=tmpfs,target=/t ls /t >/out\nRUN ls /t >>/out",
};

/** What both must refuse, with what the message names. */
export const refusedMounts: MountCases = {
  "secret none": "RUN --mount=type=secret,id=none,required true",
  "secret none, as a variable": "RUN --mount=type=secret,id=none,env=N,required true",
  "a secret without a name": "RUN --mount=type=secret true",
  "a mode that is none": "RUN --mount=type=secret,id=token,mode=rw true",
  "an owner that is none": "RUN --mount=type=cache,target=/c,uid=root true",
  "a way of sharing that is none": "RUN --mount=type=cache,target=/c,sharing=public true",
  "a size that is none": "RUN --mount=type=tmpfs,target=/c,size=much true",
  "a size of a cache": "RUN --mount=type=cache,target=/c,size=1m true",
  "a size of a bind": "RUN --mount=type=bind,target=/c,size=1m true",
  "a mode of a bind": "RUN --mount=type=bind,target=/c,mode=700 true",
  "an owner of a tmpfs": "RUN --mount=type=tmpfs,target=/c,uid=7 true",
  "a group of a tmpfs": "RUN --mount=type=tmpfs,target=/c,gid=7 true",
  "a way of sharing of a tmpfs": "RUN --mount=type=tmpfs,target=/c,sharing=locked true",
  "a cache that is required": "RUN --mount=type=cache,target=/c,required true",
  "a secret of a stage": "RUN --mount=type=secret,id=token,from=one true",
  "a secret with two names": "RUN --mount=type=secret,id=token,source=token true",
  "a key that is none": "RUN --mount=type=cache,target=/c,color=red true",
  "a cache without a target": "RUN --mount=type=cache,id=c true",
  "a tmpfs without a target": "RUN --mount=type=tmpfs true",
};
