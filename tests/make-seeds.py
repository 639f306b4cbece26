#!/usr/bin/env python3
"""Writes the sessions under tests/data/seeds: HAR entries whose hosts, keys and values were
chosen here, and one TLS connection whose keys were thrown away. Invented identifiers only.

    python3 tests/make-seeds.py          # from the repository's root; needs openssl
"""
import base64, json, os, ssl, struct, subprocess, tempfile, urllib.parse

os.chdir('tests/data/seeds')
T='2026-03-01T08:%02d:%02d.000Z'
def entry(sec,method,url,body=None,ctype='application/json'):
    e={'startedDateTime':T%(sec//60,sec%60),'time':10,'request':{'method':method,'url':url,'httpVersion':'HTTP/1.1','headers':[{'name':'Host','value':urllib.parse.urlsplit(url).netloc}],'queryString':[],'cookies':[],'headersSize':-1,'bodySize':len(body or '')},
     'response':{'status':200,'statusText':'OK','httpVersion':'HTTP/1.1','headers':[],'cookies':[],'content':{'size':0,'mimeType':'text/plain'},'redirectURL':'','headersSize':-1,'bodySize':0},'cache':{},'serverIPAddress':'198.51.100.7' if 'umeng' in url else '198.51.100.200','timings':{'send':0,'wait':0,'receive':0}}
    if body is not None:
        e['request']['headers'].append({'name':'Content-Type','value':ctype})
        e['request']['postData']={'mimeType':ctype,'text':body}
    return e
IDS=dict(imei='867530900000017',oaid='0f3c9a7e5b1d4c2a8e6f7a9b0c1d2e3f',imsi='460011234567890',mac='a4:5e:60:11:22:33',android_id='9f8e7d6c5b4a3210')
def j(**k): return json.dumps(k)
apps=['com.tencent.mm','com.eg.android.AlipayGphone','com.taobao.taobao','com.sankuai.meituan','com.jingdong.app.mall']
def session(name,entries,device=None,extra=''):
    os.makedirs(name,exist_ok=True)
    json.dump({'log':{'version':'1.2','creator':{'name':'test','version':'1'},'entries':entries}},open(f'{name}/a.har','w'),indent=1)
    open(f'{name}/session.toml','w').write('app = "com.example.app"\nfirst_party = ["qinghe.example"]\nisolation = true\npolicy = "policy.md"\n'+extra)
    open(f'{name}/device.toml','w').write('[ids]\n'+''.join(f'{k} = {json.dumps([v] if isinstance(v,str) else v)}\n' for k,v in (device or {**IDS,'location':'31.2304,121.4737','installed_apps':apps}).items()))
    open(f'{name}/phases.jsonl','w').write('\n'.join(json.dumps({'time':t,'mark':m}) for t,m in [(T%(0,5),'launched'),(T%(0,20),'consent-given')])+'\n')
key=b'sdk.commonap.sdk'
dinfo=json.dumps({'imei':IDS['imei'],'androidid':IDS['android_id'],'mac':IDS['mac'],'model':'X','plat':1}).encode()
pad=16-len(dinfo)%16
m=subprocess.run(['openssl','enc','-aes-128-ecb','-K',key.hex(),'-nopad'],input=dinfo+bytes([pad])*pad,capture_output=True).stdout
m=base64.b64encode(m).decode()
session('table',[
 entry(0,'GET','https://qinghe.example/start'),
 entry(30,'POST','https://restsdk.amap.com/v3/x',j(imei=IDS['imei'])),
 entry(31,'POST','https://sdk-open-phone.getui.com/api.php',j(imei=IDS['imei'],lat=31.2304,lon=121.4737)),
 entry(32,'POST','https://sdk-open-phone.getui.com/api.php',j(applist=apps)),
 entry(33,'POST','https://opencloud.wostore.cn/x',j(imsi=IDS['imsi'])),
 entry(34,'POST','https://ulogs.umeng.com/x',j(oaid=IDS['oaid'])),
 entry(35,'POST','https://qinghe.example/apps',j(applist=apps)),
 entry(36,'POST','http://devs.data.mob.com/dinfo','m='+urllib.parse.quote(m,safe=''),'application/x-www-form-urlencoded'),
])
session('sentences',[
 entry(0,'GET','https://qinghe.example/start'),
 entry(10,'POST','https://stats.jpush.cn/v3/early',j(oaid=IDS['oaid'])),
 entry(30,'POST','https://stats.jpush.cn/v3/report',j(oaid=IDS['oaid'],imei=IDS['imei'])),
 entry(31,'POST','https://stats.jpush.cn/v3/report',j(applist=apps)),
 entry(33,'POST','https://config.cmpassport.com/client/uniConfig',j(imsi=IDS['imsi'])),
 entry(34,'POST','https://wx.tenpay.com/x',j(mac=IDS['mac'])),
 entry(35,'POST','https://id6.me/auth/preauth.do',j(imei=IDS['imei'],lat=31.2304,lon=121.4737)),
 entry(36,'POST','https://api-access.pangolin-sdk-toutiao.com/api/ad/union/sdk/get_ads/',j(oaid=IDS['oaid'])),
])


def flights(name):
    c=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT); c.check_hostname=False; c.verify_mode=ssl.CERT_NONE
    s=ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER); s.load_cert_chain(os.path.join(KEYS.name, 'c.pem'), os.path.join(KEYS.name, 'k.pem'))
    ci,co,si,so=[ssl.MemoryBIO() for _ in range(4)]
    cl=c.wrap_bio(ci,co,server_hostname=name); sv=s.wrap_bio(si,so,server_side=True)
    out=[];cd=sd=False
    for _ in range(6):
        if not cd:
            try: cl.do_handshake();cd=True
            except ssl.SSLWantReadError: pass
        b=co.read()
        if b: out.append(('c',b)); si.write(b)
        if not sd:
            try: sv.do_handshake();sd=True
            except ssl.SSLWantReadError: pass
        b=so.read()
        if b: out.append(('s',b)); ci.write(b)
    cl.write(b'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 300\r\n\r\n'+b'x'*300); out.append(('c',co.read()))
    return out
def ck(b):
    s=sum(struct.unpack('!%dH'%(len(b)//2),b if len(b)%2==0 else (b+b'\0')[:len(b)+1])) if len(b)%2==0 else sum(struct.unpack('!%dH'%((len(b)+1)//2),b+b'\0'))
    while s>>16: s=(s&0xffff)+(s>>16)
    return ~s&0xffff
def pkt(src,dst,sp,dp,seq,ack,flags,data=b''):
    tcp=struct.pack('!HHIIBBHHH',sp,dp,seq,ack,80,flags,65535,0,0)+data
    ph=src+dst+struct.pack('!BBH',0,6,len(tcp))
    tcp=tcp[:16]+struct.pack('!H',ck(ph+tcp))+tcp[18:]
    ip=struct.pack('!BBHHHBBH',69,0,20+len(tcp),1,0,64,6,0)+src+dst
    ip=ip[:10]+struct.pack('!H',ck(ip))+ip[12:]
    return ip+tcp
def write(path,names,start=1772352040):
    f=open(path,'wb'); f.write(struct.pack('<IHHIIII',0xa1b2c3d4,2,4,0,0,262144,101))
    t=start
    for n,name in enumerate(names):
        C,S=bytes([10,0,0,2]),bytes([198,51,100,10+n]); cs,ss=1000,5000; sp=40000+n
        ps=[pkt(C,S,sp,443,cs,0,2),pkt(S,C,443,sp,ss,cs+1,18),pkt(C,S,sp,443,cs+1,ss+1,16)]; cs+=1;ss+=1
        for w,b in flights(name):
            while b:
                d,b=b[:1400],b[1400:]
                if w=='c': ps.append(pkt(C,S,sp,443,cs,ss,24,d)); cs+=len(d)
                else: ps.append(pkt(S,C,443,sp,ss,cs,24,d)); ss+=len(d)
        for p in ps:
            f.write(struct.pack('<IIII',t,0,len(p),len(p))+p)
        t+=1

KEYS = tempfile.TemporaryDirectory()
subprocess.run(['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'k.pem', '-out', 'c.pem', '-days', '30',
                '-subj', '/CN=ulogs.umeng.com'], cwd=KEYS.name, check=True, capture_output=True)
os.makedirs('closed', exist_ok=True)
write('closed/umeng.pcap', ['ulogs.umeng.com'])
open('closed/session.toml', 'w').write('app = "com.example.app"\nfirst_party = ["qinghe.example"]\nisolation = true\npolicy = "policy.md"\n')

# The device at rest: what it sends like this is not shown to be the app's.
json.dump({'log': {'version': '1.2', 'creator': {'name': 'test', 'version': '1'}, 'entries': [
    entry(1, 'POST', 'https://ulogs.umeng.com/x', j(oaid=IDS['oaid'])),
    entry(2, 'GET', 'https://stats.jpush.cn/v3/report')]}}, open('idle.har', 'w'), indent=1)
